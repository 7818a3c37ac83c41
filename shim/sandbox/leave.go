package sandbox

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/containerd/errdefs"

	"glovebox/shim/stdio"
	"glovebox/shim/warden"
)

// What a job leaves under warden.OutDir is in its scratch layer, which is
// gVisor's: on the disk there is a file without a name that only the sentry has
// the sense of. So a sandbox whose job has left something goes on without it,
// until it is deleted; one whose job has left nothing ends with it.

// overPatience is how long the job's other processes may take to end after its
// first one. The sentry has killed them by then.
const overPatience = 5 * time.Second

// leave keeps the sandbox if its job, whose first process has ended, has left
// something, and makes the job's end known. If it returns false the sandbox is
// of no more use.
func (s *Sandbox) leave(j *job) bool {
	notes := j.notes.Now()
	if notes.Left != warden.LeftSomething || notes.Denied > 0 {
		return false
	}
	select {
	case <-j.notes.Over():
	case <-s.gone:
		return false
	case <-time.After(overPatience):
		s.log.Warn("processes of a job outlive it; what it has left is lost")
		return false
	}
	if notes = j.notes.Now(); notes.Denied > 0 {
		return false // and is being killed
	}
	kept := false
	s.settled.Do(func() {
		kept = true
		s.settle(j, 0, notes, kept)
	})
	return kept
}

// Collect has the sandbox write what its job has left into a named pipe, which
// somebody has open for reading. It returns when that has begun. See
// warden.Collect.
//
// Errors: FailedPrecondition (the job has not ended), DataLoss (what was there
// is gone), InvalidArgument (no such pipe). A job that has left nothing is
// asked for in vain, too: NotFound.
func (s *Sandbox) Collect(path string) error {
	s.mu.Lock()
	status, left := s.status, s.left
	s.mu.Unlock()
	switch {
	case status != Stopped:
		return fmt.Errorf("the job of sandbox %s has not ended: %w", s.ID, errdefs.ErrFailedPrecondition)
	case left == LeftNothing:
		return fmt.Errorf("the job of sandbox %s has left nothing: %w", s.ID, errdefs.ErrNotFound)
	case left != LeftKept || s.isGone():
		return s.lost(nil)
	}
	pipe, err := stdio.OpenOutput(path)
	if err != nil {
		return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	defer pipe.Close()
	if err := warden.Collect(s.calls, pipe); err != nil {
		if s.isGone() || errors.Is(err, os.ErrClosed) {
			return s.lost(err)
		}
		return err
	}
	return nil
}

func (s *Sandbox) isGone() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

func (s *Sandbox) lost(err error) error {
	return fmt.Errorf("what the job of sandbox %s has left is gone with it: %w", s.ID, errors.Join(err, errdefs.ErrDataLoss))
}
