package shimtest

import (
	"syscall"
	"testing"
	"time"
)

// A bomb must stay inside its limit without reaching the host's backstop, and
// go away at once when killed.
func TestBombs(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	for _, args := range [][]string{{"/guest", "forkbomb"}, {"/guest", "blocked", "5000"}} {
		k := s.NewTask(t, Job{Args: args, Tasks: 128, Memory: 1 << 30, CPUQuota: 100_000})
		k.Create(t)
		k.Start(t)
		select { // the second one crashes when it is refused a thread
		case <-time.After(3 * time.Second):
		case <-k.Stderr.First:
		}
		began := time.Now()
		s.killIfRunning(k)
		k.Wait(t)
		took := time.Since(began)
		if took > 2*time.Second {
			t.Errorf("%v took %v to die", args, took)
		}
		r := k.Report(t)
		if number(t, k, "tasksDenied") < 1 || number(t, k, "hostTasksDenied") != 0 || r["crashed"] == true {
			t.Errorf("%v: report %v", args, r)
		}
		k.Delete(t)
	}
}

func (s *Shim) killIfRunning(k *Task) { _ = k.tryKill(syscall.SIGKILL) }
