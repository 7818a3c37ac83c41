package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glovebox"
)

func TestMachines(t *testing.T) {
	const (
		v2     = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
		memory = "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		cpu    = "32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
		pids   = "33 23 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
	)
	for _, c := range []struct {
		name   string
		check  func(context.Context, Patient) Finding
		files  map[string]string
		status Status
		found  string
	}{
		{"new kernel", kernel, map[string]string{"/proc/sys/kernel/osrelease": "6.18.44-x\n"}, OK, "6.18.44-x"},
		{"oldest kernel", kernel, map[string]string{"/proc/sys/kernel/osrelease": "5.4.0\n"}, OK, "5.4.0"},
		{"old kernel", kernel, map[string]string{"/proc/sys/kernel/osrelease": "4.19.0\n"}, Fail, "4.19.0"},
		{"odd kernel", kernel, map[string]string{"/proc/sys/kernel/osrelease": "plan9\n"}, Warn, "plan9"},
		{"no proc", kernel, map[string]string{}, Fail, "cannot be read"},

		{"overlay", overlay, map[string]string{"/proc/filesystems": "nodev\tproc\nnodev\toverlay\n"}, OK, "there"},
		{"no overlay", overlay, map[string]string{"/proc/filesystems": "nodev\tproc\n\text4\n"}, Fail, "not known"},

		{"rcu off", startup, map[string]string{"/sys/kernel/rcu_expedited": "0\n"}, OK, "is off"},
		{"rcu on", startup, map[string]string{"/sys/kernel/rcu_expedited": "1\n"}, OK, "is on"},
		{"no rcu", startup, map[string]string{}, OK, "no advice"},

		{"all capabilities", privileges, map[string]string{"/proc/self/status": "CapEff:\t000001ffffffffff\n"}, OK, "root"},
		{"no sys_resource", privileges, map[string]string{"/proc/self/status": "CapEff:\t000001fffeffffff\n"}, Warn, "without CAP_SYS_RESOURCE"},
		{"docker's default", privileges, map[string]string{"/proc/self/status": "CapEff:\t00000000a80425fb\n"}, Fail, "without CAP_SYS_ADMIN, CAP_NET_ADMIN"},

		{"cgroup v2", cgroups, map[string]string{"/proc/self/mountinfo": v2, "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n"}, OK, "version 2 with"},
		{"cgroup v2, no pids", cgroups, map[string]string{"/proc/self/mountinfo": v2, "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n"}, Fail, "without pids"},
		{"cgroup v1", cgroups, map[string]string{"/proc/self/mountinfo": memory + cpu + pids}, OK, "version 1 with"},
		{"hybrid", cgroups, map[string]string{"/proc/self/mountinfo": memory + cpu + pids + v2}, OK, "hybrid"},
		{"v1 without memory", cgroups, map[string]string{"/proc/self/mountinfo": cpu + pids}, Fail, "without memory"},
		{"no cgroups", cgroups, map[string]string{"/proc/self/mountinfo": ""}, Fail, "no hierarchy"},
	} {
		f := c.check(t.Context(), Patient{Files: c.files})
		if f.Status != c.status || !strings.Contains(f.Found, c.found) {
			t.Errorf("%s: %+v", c.name, f)
		}
		if f.Status == Fail && f.Hint == "" && c.name != "no proc" {
			t.Errorf("%s: no hint", c.name)
		}
	}
}

// script makes a program that says a line and ends with a code.
func script(t *testing.T, dir, name, line, code string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+line+"'\nexit "+code+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestPrograms(t *testing.T) {
	dir := t.TempDir()
	p := Patient{Tools: dir, Data: filepath.Join(dir, "not", "there")}
	if f := containerd(t.Context(), p); f.Status != Fail || !strings.Contains(f.Found, "containerd-shim-glovebox-v1") {
		t.Errorf("%+v", f)
	}
	for _, name := range []string{"containerd", "containerd-shim-glovebox-v1", "glovebox-launch", "glovebox-boot", "runsc"} {
		script(t, dir, name, name+" v1", "0")
	}
	if f := containerd(t.Context(), p); f.Status != OK || f.Found != "containerd v1" {
		t.Errorf("%+v", f)
	}
	if f := gvisor(t.Context(), p); f.Status != OK || !strings.HasPrefix(f.Found, "runsc v1") {
		t.Errorf("%+v", f)
	}
	script(t, dir, "runsc", "cannot", "1")
	if f := gvisor(t.Context(), p); f.Status != Fail {
		t.Errorf("%+v", f)
	}
	if f := runc(t.Context(), p); f.Status != OK {
		t.Errorf("%+v", f)
	}
	p.Runc = filepath.Join(dir, "runc")
	if f := runc(t.Context(), p); f.Status != Warn {
		t.Errorf("%+v", f)
	}
	if f := folder(t.Context(), p); !strings.Contains(f.Found, p.Data) {
		t.Errorf("%+v", f)
	}
	p.Service = func(context.Context) (string, error) {
		return "", glovebox.Errorf(glovebox.KindDenied, "up, but not for you").Try("ask")
	}
	if f := service(t.Context(), p); f.Status != Warn || f.Found != "up, but not for you" || f.Hint != "ask" {
		t.Errorf("%+v", f)
	}
	p.Service = func(context.Context) (string, error) { return "", errors.New("nobody") }
	all := Examine(t.Context(), p)
	if len(all) != 12 || Worst(all) != Fail || Worst(all[10:]) != Warn || Worst(nil) != OK {
		t.Errorf("%+v", all)
	}
}
