package shimtest

import (
	"strings"
	"testing"
)

// number reads one numeric field of a task's report.
func number(t *testing.T, k *Task, field string) float64 {
	t.Helper()
	n, _ := k.Report(t)[field].(float64)
	return n
}

func TestMemoryLimit(t *testing.T) {
	s := StartShim(t)
	// tail keeps what it has read in memory, as it looks for a last line.
	k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "tail -n 1 /dev/zero"}, Memory: 128 << 20})
	k.Create(t)
	k.Start(t)
	status := k.Wait(t)
	if n := number(t, k, "oomKills"); n < 1 || status == 0 {
		t.Errorf("status %d, %v kills for want of memory", status, n)
	}
	t.Logf("report: %v", k.Report(t))
	k.Delete(t)
}

func TestTaskLimitStopsForkBomb(t *testing.T) {
	s := StartShim(t)
	const limit = 40
	k := s.NewTask(t, Job{
		Args:  []string{"/bin/sh", "-c", `i=0; while [ $i -lt 100 ]; do sleep 30 & i=$((i+1)); done; echo done`},
		Tasks: limit, Memory: 512 << 20,
	})
	k.Create(t)
	k.Start(t)
	status := k.Wait(t)
	t.Logf("status %d, report %v", status, k.Report(t))
	if n := number(t, k, "tasksDenied"); n < 1 {
		t.Errorf("no refused clone was reported")
	}
	if n := number(t, k, "hostTasksDenied"); n != 0 {
		t.Errorf("the host's backstop was hit %v times", n)
	}
	if status != 137 {
		t.Errorf("the job went on")
	}
	k.Delete(t)
}

func TestTaskLimitIsExact(t *testing.T) {
	s := StartShim(t)
	// The shell is one task, so limit-1 sleeps fit and one more does not.
	const script = `i=1; while [ $i -lt $N ]; do sleep 30 & i=$((i+1)); done; echo all; exit 5`
	for _, c := range []struct {
		limit  int64
		denied bool
	}{{20, false}, {19, true}} {
		k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", "N=20; " + script}, Tasks: c.limit})
		k.Create(t)
		k.Start(t)
		k.Wait(t)
		if got := number(t, k, "tasksDenied") > 0; got != c.denied {
			t.Errorf("limit %d: refused %v, want %v", c.limit, got, c.denied)
		}
		k.Delete(t)
	}
}

func TestScratchUseIsReported(t *testing.T) {
	s := StartShim(t)
	for script, want := range map[string]func(float64) bool{
		"dd if=/dev/zero of=/big bs=1M count=64": func(used float64) bool { return used >= 31<<20 && used <= 34<<20 },
		"echo hi >/small":                        func(used float64) bool { return used < 4<<20 },
	} {
		k := s.NewTask(t, Job{Args: []string{"/bin/sh", "-c", script}, ScratchSize: 32 << 20})
		k.Create(t)
		k.Start(t)
		k.Wait(t)
		if used := number(t, k, "scratchBytes"); !want(used) {
			t.Errorf("%s: %v bytes", script, used)
		}
		k.Delete(t)
	}
}

func TestScratchWithoutInodeCap(t *testing.T) {
	s := StartShim(t)
	const script = `i=0; while [ $i -lt 300 ]; do : >/f$i || exit 9; i=$((i+1)); done`
	if status, _, stderr := s.Run(t, Job{Args: []string{"/bin/sh", "-c", script}, ScratchSize: 32 << 20}); status != 0 {
		t.Errorf("status %d, %q", status, stderr)
	}
}

func TestScratchIsPrivate(t *testing.T) {
	s := StartShim(t)
	for range 2 {
		status, stdout, _ := s.Run(t, Job{Args: []string{"/bin/sh", "-c", "cat /mark 2>/dev/null; echo x >/mark; cat /mark"}, ScratchSize: 1 << 20})
		if status != 0 || stdout != "x\n" {
			t.Errorf("status %d, output %q", status, stdout)
		}
	}
}

func TestReadOnlyWithoutScratch(t *testing.T) {
	s := StartShim(t)
	status, _, stderr := s.Run(t, Job{Args: []string{"/bin/touch", "/x"}})
	if status == 0 || !strings.Contains(stderr, "Read-only") {
		t.Errorf("status %d, %q", status, stderr)
	}
}

func TestTmpfsMountIsCapped(t *testing.T) {
	s := StartShim(t)
	mount := map[string]any{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "size=4m", "nr_inodes=50"}}
	const script = `dd if=/dev/zero of=/tmp/big bs=1M count=16 2>/dev/null; echo $?; rm /tmp/big; i=0; while [ $i -lt 100 ]; do : >/tmp/f$i || exit 9; i=$((i+1)); done`
	status, stdout, stderr := s.Run(t, Job{Args: []string{"/bin/sh", "-c", script}, Mounts: []map[string]any{mount}, ScratchSize: 32 << 20})
	if status == 0 || stdout != "1\n" {
		t.Errorf("status %d, output %q, error %q", status, stdout, stderr)
	}
}

func TestJobSeesItsLimits(t *testing.T) {
	s := StartShim(t)
	status, stdout, _ := s.Run(t, Job{Args: []string{"/bin/grep", "MemTotal", "/proc/meminfo"}, Memory: 256 << 20})
	if status != 0 || !strings.Contains(stdout, "262144 kB") {
		t.Errorf("status %d, %q", status, stdout)
	}
}
