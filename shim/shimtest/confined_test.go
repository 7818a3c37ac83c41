package shimtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The sentry and the gofer must be confined exactly as stock gVisor confines
// them, and be in the job's control groups.
func TestProcessesAreConfined(t *testing.T) {
	s := StartShim(t)
	k := s.NewTask(t, sleeper)
	k.Create(t)
	k.Start(t)
	<-k.Stdout.First
	for _, pid := range s.cgroupProcs() {
		status := procStatus(t, pid)
		for field, want := range map[string]string{"NoNewPrivs": "1", "Seccomp": "2", "CapInh": "0000000000000000", "CapAmb": "0000000000000000"} {
			if status[field] != want {
				t.Errorf("process %d (%s): %s is %s, want %s", pid, status["Name"], field, status[field], want)
			}
		}
		// What gVisor documents for sentry (with direct file access) and gofer.
		if caps := status["CapEff"]; caps != status["CapBnd"] || (caps != "000000000008001f" && caps != "000000000004001f") {
			t.Errorf("process %d: capabilities %s of %s", pid, caps, status["CapBnd"])
		}
		for _, ns := range []string{"mnt", "pid", "net", "ipc", "uts", "user"} {
			if inside, host := link(pid, ns), link(os.Getpid(), ns); inside == host {
				t.Errorf("process %d is in the host's %s namespace", pid, ns)
			}
		}
		cgroups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		must(t, err)
		for _, controller := range []string{"memory", "pids", "cpu", "cpuacct"} {
			if !strings.Contains(string(cgroups), ":"+controller+":"+s.CgroupPath(k.ID)) && !strings.Contains(string(cgroups), "0::"+s.CgroupPath(k.ID)) {
				t.Errorf("process %d is not in the job's %s group:\n%s", pid, controller, cgroups)
			}
		}
	}
	s.killIfRunning(k)
	k.Wait(t)
	k.Delete(t)
}

func procStatus(t *testing.T, pid int) map[string]string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	fields := map[string]string{}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, ":")
		fields[key] = strings.TrimSpace(value)
	}
	return fields
}

func link(pid int, ns string) string {
	target, _ := os.Readlink(filepath.Join("/proc", fmt.Sprint(pid), "ns", ns))
	return target
}

// Inside, the job has nothing it was not given.
func TestJobHasNothing(t *testing.T) {
	s := StartShim(t)
	_, stdout, _ := s.Run(t, Job{Args: []string{"/bin/sh", "-c", "grep -E '^(Cap|NoNew)' /proc/self/status; ls /proc/self/fd | wc -l; ls /dev | wc -l; cat /proc/net/dev | wc -l"}, UID: 1000})
	for _, want := range []string{"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "CapPrm:\t0000000000000000"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in:\n%s", want, stdout)
		}
	}
	// 0, 1, 2 and the one ls reads the list with.
	if !strings.Contains(stdout, "\n4\n") {
		t.Errorf("descriptors:\n%s", stdout)
	}
}
