package sandbox

import (
	"time"

	"golang.org/x/sys/unix"
)

// stopGrace is the time from SIGTERM to SIGKILL at a deadline.
const stopGrace = 5 * time.Second

// deadline is when a running sandbox's time is over. The agent keeps it, with
// words for the job's owner; the shim does only while there is no agent.
type deadline struct {
	timeout time.Duration // zero: none
	at      time.Time     // zero before the start
	timer   *time.Timer   // while nobody attends
	passed  bool          // the sandbox is being ended for it
}

// KeepDeadline ends a running sandbox when its time is over, at once if it is.
func (s *Sandbox) KeepDeadline() {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &s.deadline
	if s.status == Stopped || d.timeout == 0 || d.at.IsZero() || d.timer != nil {
		return
	}
	d.timer = time.AfterFunc(time.Until(d.at), s.endForTimeout)
}

// LeaveDeadline leaves it to somebody else again. What was begun is gone on
// with: a sandbox that was told to end is ended.
func (s *Sandbox) LeaveDeadline() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := &s.deadline; d.timer != nil && !d.passed {
		d.timer.Stop()
		d.timer = nil
	}
}

func (s *Sandbox) endForTimeout() {
	s.mu.Lock()
	late := s.status == Stopped || s.deadline.timer == nil
	if !late {
		s.deadline.passed = true
	}
	s.mu.Unlock()
	if late {
		return
	}
	s.log.Info("the time is over; ending the sandbox", "grace", stopGrace)
	go func() { // it may not answer
		if err := s.Kill(unix.SIGTERM, false); err != nil {
			s.log.Debug("asking a sandbox to end failed", "error", err)
		}
	}()
	select {
	case <-s.done:
	case <-time.After(stopGrace):
		s.killInside()
	}
}

// timedOut says whether the sandbox was ended for its deadline.
func (s *Sandbox) timedOut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deadline.passed
}
