package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestLayout(t *testing.T) {
	unified := t.TempDir()
	controllers := filepath.Join(unified, "cgroup.controllers")
	for _, c := range []struct {
		name, have string
		lines      []string
		unified    bool
		v1         int
	}{
		{"v2", "cpu io memory pids\n", []string{"30 24 0:26 / " + unified + " rw,nosuid - cgroup2 cgroup2 rw"}, true, 0},
		{"hybrid", "\n", []string{
			"30 24 0:26 / " + unified + " rw - cgroup2 cgroup2 rw",
			"31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
			"32 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
			"33 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
			"34 24 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
			"a torn line",
		}, false, 4},
	} {
		if err := os.WriteFile(controllers, []byte(c.have), 0o600); err != nil {
			t.Fatal(err)
		}
		l := layout{v1: map[string]string{}}
		for _, line := range c.lines {
			l.add(line)
		}
		if (l.unified != "") != c.unified || len(l.v1) != c.v1 {
			t.Errorf("%s: %+v", c.name, l)
		}
		if _, err := l.dirs("/glovebox/a"); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, bad := range []string{"", "/", "a", "/a/../b", "/../a", "/a/"} {
			if dirs, err := l.dirs(bad); err == nil {
				t.Errorf("%s: path %q gives %v", c.name, bad, dirs)
			}
		}
	}
}

func TestFilesOfBothVersions(t *testing.T) {
	l := Limits{Memory: 64 << 20, Tasks: 10, Shares: 1024}
	want := map[string]string{
		"memory.max": "67108864", "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "552", "cpu.weight": "39",
		"memory.limit_in_bytes": "67108864", "memory.memsw.limit_in_bytes": "67108864", "cpu.shares": "1024",
	}
	for _, f := range slices.Concat(l.unifiedFiles(), l.v1Files()) {
		if want[f.name] != f.value {
			t.Errorf("%s is %q, want %q", f.name, f.value, want[f.name])
		}
	}
	if files := slices.Concat((Limits{}).unifiedFiles(), (Limits{}).v1Files()); len(files) != 0 {
		t.Errorf("no limits write %v", files)
	}
}

// A v2 hierarchy, as far as directories and files go.
func TestUnifiedGroup(t *testing.T) {
	top := t.TempDir()
	dirs, err := (layout{unified: top}).dirs("/glovebox/a")
	if err != nil {
		t.Fatal(err)
	}
	g := &Group{Path: "/glovebox/a", unified: top, dirs: dirs}
	if got := g.JoinFiles(); len(got) != 1 || got[0] != top+"/glovebox/a/cgroup.procs" {
		t.Errorf("join %v", got)
	}
	if err := g.makeParents(dirs["memory"]); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{top, top + "/glovebox"} {
		if data, err := os.ReadFile(dir + "/cgroup.subtree_control"); err != nil || string(data) != "+memory +pids +cpu" {
			t.Errorf("%s passes on %q, %v", dir, data, err)
		}
	}
	if err := g.Create(Limits{}); err != nil {
		t.Fatal(err)
	}
	if err := g.Create(Limits{}); err == nil {
		t.Error("an existing group was taken over")
	}
	for name, text := range map[string]string{
		"memory.current": "5\n", "memory.peak": "9\n", "cpu.stat": "usage_usec 7\nuser_usec 1\n",
		"pids.current": "3\n", "memory.events": "low 0\noom 2\noom_kill 1\n", "pids.events": "max 4\n",
	} {
		if err := os.WriteFile(filepath.Join(dirs["memory"], name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := g.Counters()
	if want := (Counters{Memory: 5, MemoryPeak: 9, CPU: 7000, Tasks: 3, OOMKills: 1, TasksMax: 4}); c != want || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
}
