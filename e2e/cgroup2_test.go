package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/box"
	"glovebox/e2e/machine"
)

// TestCgroupV2 runs jobs on a machine that has cgroup v2 only, which the one that
// runs the tests need not have.
func TestCgroupV2(t *testing.T) {
	k := openKit(t)
	disk := filepath.Join(t.TempDir(), "data.img")
	if err := machine.MakeDisk(disk, 2<<30, ""); err != nil {
		t.Fatal(err)
	}
	v := bootVM(t, k, "driver=raw,cache.no-flush=on,file.driver=file,file.filename="+disk, &box.Buffer{},
		"--pool-max", "0") // a group that was not there before is the job's
	if mounts := v.must("cat", "/proc/self/mountinfo"); strings.Contains(mounts, " - cgroup ") || !strings.Contains(mounts, " - cgroup2 ") {
		t.Fatalf("the machine does not have cgroup v2 alone:\n%s", mounts)
	}
	v.must("glovebox", "image", "import", machine.Files+"/busybox.tar")
	for _, c := range []struct {
		name string
		test func(*testing.T, *vm)
	}{
		{"doctor", v2Doctor}, {"jobs", v2Jobs}, {"limits are the group's", v2Limits}, {"hostile", v2Hostile}, {"runc", v2Runc},
	} {
		t.Run(c.name, func(t *testing.T) {
			sub := *v
			sub.t = t
			c.test(t, &sub)
			sub.clean()
		})
	}
	v.stop()
	v.clean()
	if left := v.groups(); len(left) > 0 {
		t.Errorf("control groups after the stop: %v", left)
	}
	if err := v.Off(); err != nil {
		t.Error(err)
	}
}

// groups lists all control groups; there are none but ours. Some may vanish
// under find, which it takes for a failure.
func (v *vm) groups() []string {
	v.t.Helper()
	return strings.Fields(v.run("find", "/sys/fs/cgroup", "-mindepth", "1", "-type", "d").Stdout)
}

func v2Doctor(t *testing.T, v *vm) {
	r := v.run("glovebox", "doctor", "--json")
	var found []struct{ Check, Status, Found string }
	if err := json.Unmarshal([]byte(r.Stdout), &found); err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	for _, f := range found {
		t.Logf("%s: %s: %s", f.Check, f.Status, f.Found)
		if f.Status == "fail" {
			t.Errorf("%s: %s", f.Check, f.Found)
		}
		if f.Check == "cgroups" && (f.Status != "ok" || f.Found != "version 2 with cpu, memory, pids") {
			t.Errorf("cgroups: %s: %s", f.Status, f.Found)
		}
	}
}

func v2Jobs(t *testing.T, v *vm) {
	r := v.run("glovebox", "run", "busybox:test", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
	if r.Stdout != "out\n" || r.Stderr != "err\n" || r.Code != 7 {
		t.Errorf("%+v", r)
	}
	t.Logf("a job took %.1f s", r.Took.Seconds())
	if inside, outside := v.must("glovebox", "run", "busybox:test", "--", "uname", "-r"), v.must("uname", "-r"); inside == outside {
		t.Errorf("the job sees the kernel of its host, %s", outside)
	}
}

// v2Limits looks at the files of a running sandbox's group.
func v2Limits(t *testing.T, v *vm) {
	before := v.groups()
	id := strings.TrimSpace(v.must("glovebox", "run", "--detach", "--memory", "96m", "--pids", "50", "--cpus", "0.5",
		"busybox:test", "--", "sh", "-c", "echo begun; sleep 600"))
	waitFor(t, vmPatience, func() bool { return v.run("glovebox", "logs", id).Stdout == "begun\n" })
	var group string
	for _, dir := range v.groups() {
		if !slices.Contains(before, dir) && v.run("cat", dir+"/cgroup.procs").Stdout != "" {
			group = dir
		}
	}
	if group == "" {
		t.Fatalf("no group of the job among %v", v.groups())
	}
	for file, want := range map[string]string{
		"cpu.max": "50000 100000\n", "memory.max": "100663296\n", "memory.swap.max": "0\n", "memory.oom.group": "1\n",
	} {
		if got := v.run("cat", group+"/"+file).Stdout; got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	if max := strings.TrimSpace(v.run("cat", group+"/pids.max").Stdout); max == "max" || max == "" {
		t.Errorf("pids.max is %q", max)
	}
	if r := v.run("cat", group+"/memory.current"); len(r.Stdout) < len("1000000\n") {
		t.Errorf("the sandbox's memory is not charged to its group: %q", r.Stdout)
	}
	v.must("glovebox", "cancel", id)
	waitFor(t, vmPatience, func() bool { return !slices.Contains(v.groups(), group) })
}

// v2Hostile: the same demand for memory, or for processes, ends a job whose
// limit is below it, and not one whose limit is above it.
func v2Hostile(t *testing.T, v *vm) {
	for _, c := range []struct {
		name, script string
		below, above []string
		reason       string
	}{
		{
			"memory", `dd if=/dev/zero of=/dev/null bs=160M count=1 && echo done`,
			[]string{"--memory", "96m"}, []string{"--memory", "512m"}, "out_of_memory",
		},
		{
			"processes", `for i in $(seq 40); do sleep 600 >/dev/null 2>&1 & done; echo done`,
			[]string{"--pids", "20"}, []string{"--pids", "64"}, "pids_limit",
		},
		{
			"fork bomb", `bomb() { bomb | bomb & }; bomb; wait; sleep 600`,
			[]string{"--pids", "64"}, nil, "pids_limit",
		},
	} {
		began := time.Now()
		if c.above != nil {
			r := v.run(append(append([]string{"glovebox", "run"}, c.above...), "busybox:test", "--", "sh", "-c", c.script)...)
			if r.Stdout != "done\n" || r.Code != 0 {
				t.Errorf("%s within the limit: %+v", c.name, r)
			}
		}
		id := strings.TrimSpace(v.must(append(append([]string{"glovebox", "run", "--detach"}, c.below...), "busybox:test", "--", "sh", "-c", c.script)...))
		if j := v.settle(id); j.Outcome != "FAILED" || j.Reason != c.reason {
			t.Errorf("%s beyond the limit ended as %s, want %s: %+v", c.name, j.end(), c.reason, j.Error)
		}
		t.Logf("%s: %.1f s", c.name, time.Since(began).Seconds())
	}
}

func v2Runc(t *testing.T, v *vm) {
	if v.run("which", "runc").Code != 0 {
		t.Skip("skipped: runc is not installed")
	}
	release := v.must("uname", "-r")
	if out := v.must("glovebox", "run", "--runtime", "runc", "busybox:test", "--", "uname", "-r"); out != release {
		t.Errorf("a job of runc sees the kernel %q, not %q", out, release)
	}
	id := strings.TrimSpace(v.must("glovebox", "run", "--detach", "--runtime", "runc", "--memory", "96m", "busybox:test", "--",
		"sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done"))
	if j := v.settle(id); j.Reason != "out_of_memory" {
		t.Errorf("a memory bomb ended as %s: %+v", j.end(), j.Error)
	}
}

// settle waits until a job is archived.
func (v *vm) settle(id string) killedJob {
	v.t.Helper()
	var j killedJob
	waitFor(v.t, vmPatience, func() bool {
		r := v.run("glovebox", "show", "--json", id)
		return r.Code == 0 && json.Unmarshal([]byte(r.Stdout), &j) == nil && j.Status == "ARCHIVED"
	})
	return j
}
