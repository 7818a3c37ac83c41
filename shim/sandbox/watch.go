package sandbox

import (
	"fmt"
	"os"

	"github.com/containerd/errdefs"

	"glovebox/shim/seen"
	"glovebox/shim/warden"
)

// AnnotationWatch says how much is noted of what the job does: WatchOff, which
// is what it is without it, WatchDefault or WatchFull. It belongs to the job, so
// in a parked sandbox it begins with the claim.
const AnnotationWatch = "dev.glovebox.watch"

// Values of AnnotationWatch.
const (
	WatchOff     = "off"
	WatchDefault = "default" // what is out of the ordinary
	WatchFull    = "full"    // and every system call by name
)

func checkWatch(value string) error {
	switch value {
	case "", WatchOff, WatchDefault, WatchFull:
		return nil
	}
	return fmt.Errorf("%s: %q is none of %s, %s and %s: %w",
		AnnotationWatch, value, WatchOff, WatchDefault, WatchFull, errdefs.ErrInvalidArgument)
}

// newBoard makes what the job's doings are noted on, if they are to be.
func newBoard(watch string) (w warden.Watch, err error) {
	if watch == "" || watch == WatchOff {
		return w, nil
	}
	w.Board, err = seen.New()
	w.Full = watch == WatchFull
	return w, err
}

// Seen is what the job was seen to do until now, also after its end; nil if it
// is not watched. There is no job before it is bound.
func (s *Sandbox) Seen() (*seen.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // against Delete, which closes the board
	if s.job == nil {
		return nil, fmt.Errorf("sandbox %s has no job: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	return readBoard(s.job.board)
}

func readBoard(board *os.File) (*seen.Report, error) {
	if board == nil {
		return nil, nil
	}
	return seen.Read(board, warden.CallName)
}
