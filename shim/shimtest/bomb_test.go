package shimtest

import (
	"syscall"
	"testing"
	"time"
)

// A bomb ends at its limit, soon and with the reason, without reaching the
// host's backstop. What counts as soon allows for a busy machine.
func TestBombs(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	for _, args := range [][]string{
		{"/guest", "forkbomb"},
		{"/guest", "blocked", "5000"},
		{"/guest", "processes", "5000"},
		{"/bin/sh", "-c", "b() { b | b & }; b; while true; do sleep 1; done"},
	} {
		k := s.NewTask(t, Job{Args: args, Tasks: 128, Memory: 1 << 30, CPUQuota: 100_000})
		k.Create(t)
		began := time.Now()
		k.Start(t)
		status := k.Wait(t)
		took := time.Since(began)
		r := k.Report(t)
		t.Logf("%v: %v, %v", args, took, r)
		if took > 15*time.Second {
			t.Errorf("%v ended after %v", args, took)
		}
		if number(t, k, "tasksDenied") < 1 || number(t, k, "hostTasksDenied") != 0 || r["crashed"] == true || status != 137 {
			t.Errorf("%v: status %d, report %v", args, status, r)
		}
		k.Delete(t)
	}
}

func (s *Shim) killIfRunning(k *Task) { _ = k.tryKill(syscall.SIGKILL) }
