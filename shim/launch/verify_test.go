package launch

import (
	"os"
	"strings"
	"testing"
)

const goodStatus = "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nCapInh:\t0000000000000000\nCapPrm:\t000000000008001f\n" +
	"CapEff:\t000000000008001f\nCapBnd:\t000000000008001f\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t0\n"

// Each thing that is not as it should be is enough to refuse.
func TestVerifyStatus(t *testing.T) {
	if err := verifyStatus(goodStatus); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(goodStatus) {
		name, value, _ := strings.Cut(line, ":")
		if name == "Seccomp" {
			continue
		}
		if verifyStatus(strings.Replace(goodStatus, line, "", 1)) == nil {
			t.Errorf("without %s: no error", name)
		}
		other := strings.Replace(value, "0", "2", 1)
		if name == "NoNewPrivs" {
			other = "\t0\n"
		}
		if verifyStatus(strings.Replace(goodStatus, line, name+":"+other, 1)) == nil {
			t.Errorf("%s:%s no error", name, other)
		}
	}
	own, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	if verifyStatus(string(own)) == nil {
		t.Error("this test's own state is good enough")
	}
}

func TestVerifyMounts(t *testing.T) {
	const root = "42 28 0:37 / / ro,relatime - tmpfs runsc-root rw\n"
	const proc = "43 42 0:38 / /proc rw,nosuid - tmpfs runsc-proc rw\n44 43 0:39 / /proc/sandbox-proc ro - proc proc rw\n"
	if err := verifyMounts(root + proc); err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":        "",
		"no root":        proc,
		"root writable":  strings.Replace(root, "ro,", "rw,", 1) + proc,
		"the host's":     strings.Replace(root, "tmpfs", "ext4", 1) + proc,
		"two roots":      root + root + proc,
		"something else": root + proc + "45 42 0:40 / /etc rw - tmpfs x rw\n",
		"covered proc":   root + "43 42 0:38 / /proc rw - ext4 /dev/vda rw\n",
		"torn":           "42 28 0:37 / / ro",
		"this test's":    string(own),
	} {
		if verifyMounts(text) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestVerifyGroups(t *testing.T) {
	const have = "9:name=systemd:/\n8:pids:/a/job\n7:memory:/b/c/job\n6:cpu:/\n0::/\n"
	memory, pids, cpu := "/x/memory/job/cgroup.procs", "/x/pids/job/cgroup.procs", "/x/cpu/job/cgroup.procs"
	if err := verifyGroups(have, []string{memory, pids}); err != nil {
		t.Error(err)
	}
	for _, files := range [][]string{{memory, pids, cpu}, {"/x/memory/other/cgroup.procs"}, {memory, "/x/pids/other/cgroup.procs"}} {
		if verifyGroups(have, files) == nil {
			t.Errorf("%q: no error", files)
		}
	}
}
