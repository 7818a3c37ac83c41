package sandbox

import (
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"glovebox/shim/warden"
)

// killPatienceInside is how long a job may take to end that is killed by the
// sentry.
const killPatienceInside = 2 * time.Second

// Kill sends a signal to the job, to all its processes if all is set. SIGKILL is
// for all of them in any case. The sentry is asked for that first, because what
// the job has left ends with the sentry; but it is not waited for, and if the
// job has not ended in a moment, the sandbox is ended from outside.
func (s *Sandbox) Kill(sig unix.Signal, all bool) error {
	status, _ := s.Status()
	switch {
	case status == Stopped:
		return fmt.Errorf("sandbox %s has ended: %w", s.ID, errdefs.ErrNotFound)
	case sig == unix.SIGKILL && status == Running:
		s.killInside()
		return nil
	case sig == unix.SIGKILL:
		return s.proc.kill()
	case status == Created:
		return fmt.Errorf("sandbox %s has not been started: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	if err := s.sentry.SignalContainer(jobID, sig, all); err != nil {
		select {
		case <-s.done:
			return fmt.Errorf("sandbox %s has ended: %w", s.ID, errdefs.ErrNotFound)
		default:
			return err
		}
	}
	return nil
}

// killInside has the sentry kill the job, and kills the sentry if it does not.
func (s *Sandbox) killInside() {
	s.killed.Store(true)
	time.AfterFunc(killPatienceInside, func() {
		select {
		case <-s.done:
		default:
			_ = s.proc.kill()
		}
	})
	go func() {
		if err := s.sentry.SignalContainer(jobID, unix.SIGKILL, true); err != nil {
			_ = s.proc.kill()
		}
	}()
}

// End kills the sandbox and returns when it has ended.
func (s *Sandbox) End() error {
	if err := s.proc.kill(); err != nil {
		return err
	}
	<-s.done
	return nil
}

// endForLimit ends a sandbox whose job has run into a limit, whatever the job
// would make of it. The notes tell which, so the report does. One that makes
// processes is ended from outside, which does not take longer the more there
// are.
func (s *Sandbox) endForLimit(n warden.Notes) {
	if n.Denied == 0 {
		s.killInside()
		return
	}
	if err := s.proc.kill(); err != nil {
		s.log.Error("ending a sandbox at its limit failed", "error", err)
	}
}

// Pause stops every process of the sandbox, gVisor's included, so that it
// costs no CPU at all. Limits, pipes and links stay.
func (s *Sandbox) Pause() error { return s.switchTo(Running, Paused, unix.SIGSTOP) }

// Resume undoes Pause.
func (s *Sandbox) Resume() error { return s.switchTo(Paused, Running, unix.SIGCONT) }

func (s *Sandbox) switchTo(from, to Status, sig unix.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != from {
		return fmt.Errorf("sandbox %s is not in the state for this: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	// The sentry first: it alone makes processes, so once it has stopped the
	// list of the others is complete.
	if err := s.proc.signal(sig); err != nil {
		return err
	}
	if err := s.group.Signal(sig); err != nil {
		return err
	}
	s.status = to
	return nil
}

// Processes lists the host's ids of the sandbox's processes, the sentry first.
func (s *Sandbox) Processes() ([]int, error) {
	pids := []int{s.proc.pid}
	if status, _ := s.Status(); status == Stopped {
		return pids, nil
	}
	members, err := s.group.Procs()
	for _, pid := range members {
		if pid != s.proc.pid {
			pids = append(pids, pid)
		}
	}
	return pids, err
}
