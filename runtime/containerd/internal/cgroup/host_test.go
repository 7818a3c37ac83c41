package cgroup

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const hybrid = `29 28 0:25 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
30 28 0:26 / /sys/fs/cgroup/memory rw,relatime shared:3 - cgroup cgroup rw,memory
31 28 0:27 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
32 28 0:28 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
33 28 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
34 28 0:30 / /proc rw - proc proc rw
garbage
`

func TestParse(t *testing.T) {
	none := func(string) []string { return nil }
	g := parse(strings.NewReader(hybrid), none).Group("/glovebox/n/x")
	for c, want := range map[string]string{
		"memory": "/sys/fs/cgroup/memory/glovebox/n/x", "pids": "/sys/fs/cgroup/pids/glovebox/n/x",
		"cpuacct": "/sys/fs/cgroup/cpu,cpuacct/glovebox/n/x",
	} {
		if got := g.control[c]; got.dir != want || got.v2 {
			t.Errorf("%s is at %+v, want %s of v1", c, got, want)
		}
	}
	if len(g.dirs) != 5 {
		t.Errorf("folders %v, want one in each of 5 hierarchies", g.dirs)
	}
	all := func(string) []string { return []string{"cpu", "memory", "pids"} }
	g = parse(strings.NewReader("1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"), all).Group("../../a")
	if got := g.control["memory"]; got.dir != "/sys/fs/cgroup/a" || !got.v2 {
		t.Errorf("memory is at %+v", got)
	}
}

// TestKillRemove needs a kernel that lets this process make groups.
func TestKillRemove(t *testing.T) {
	h, err := Find()
	if err != nil || os.Getuid() != 0 {
		t.Skip("no control groups, or not root")
	}
	g := h.Group(fmt.Sprintf("/glovebox-test-%d/x", os.Getpid()))
	dir := g.control["pids"].dir
	if dir == "" || os.MkdirAll(filepath.Join(dir, "nested"), 0o755) != nil {
		t.Skip("no pids controller to use")
	}
	defer os.Remove(filepath.Dir(dir))
	cmd := exec.Command("sh", "-c", "trap '' TERM; while :; do sleep 1; done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go cmd.Wait()
	if err := os.WriteFile(filepath.Join(dir, "nested", "cgroup.procs"), []byte(fmt.Sprint(cmd.Process.Pid)), 0); err != nil {
		t.Fatal(err)
	}
	if pids := g.Procs(); !slices.Contains(pids, cmd.Process.Pid) {
		t.Errorf("Procs = %v, without %d", pids, cmd.Process.Pid)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := g.Kill(ctx); err != nil {
		t.Error(err)
	}
	if err := g.Remove(ctx); err != nil {
		t.Error(err)
	}
	if left := g.Existing(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := g.Remove(ctx); err != nil {
		t.Errorf("removing twice: %v", err)
	}
}
