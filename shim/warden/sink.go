package warden

import (
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/errors/linuxerr"
	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
	pb "gvisor.dev/gvisor/pkg/sentry/seccheck/points/points_go_proto"
)

func init() {
	seccheck.RegisterSink(seccheck.SinkDesc{Name: sinkName, Setup: openNotes, New: newSink})
}

// openNotes runs in the shim, which has the reading end open by then. The
// sentry gets a writing end that never blocks, so the worst a compromised one
// can do with it is to lie about itself.
func openNotes(config map[string]any) (*os.File, error) {
	path, ok := config[keyNotes].(string)
	if !ok {
		return nil, fmt.Errorf("%s: no %q", sinkName, keyNotes)
	}
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// inside is the sink of this sentry; there is one per process.
var inside atomic.Pointer[sink]

// newSink runs in the sentry.
func newSink(config map[string]any, notes *fd.FD) (seccheck.Sink, error) {
	limit, ok := config[keyLimit].(float64)
	if !ok || limit < 0 {
		return nil, fmt.Errorf("%s: no usable %q", sinkName, keyLimit)
	}
	if notes == nil || notes.FD() < 0 {
		return nil, fmt.Errorf("%s: no pipe for notes", sinkName)
	}
	s := &sink{limit: int64(limit), notes: notes}
	s.live.Store(1) // the first task is not cloned
	s.scratch.note = s.note
	if scratchFile > 0 {
		s.scratch.fd = scratchFile
		if err := onFirstCall(s.scratch.watch); err != nil {
			return nil, err
		}
	}
	inside.Store(s)
	return s, nil
}

type sink struct {
	seccheck.SinkDefaults
	limit  int64
	notes  *fd.FD
	live   atomic.Int64
	denied atomic.Int64

	scratch scratch
}

// Name implements seccheck.Sink.
func (s *sink) Name() string { return sinkName }

// Clone implements seccheck.Sink. An error here fails the clone. The task has
// been made by then and will run straight into its exit, so TaskExit takes it
// off the count in both cases.
func (s *sink) Clone(context.Context, seccheck.FieldSet, *pb.CloneInfo) error {
	if n := s.live.Add(1); s.limit == 0 || n <= s.limit {
		return nil
	}
	if s.denied.Add(1) <= maxDenied {
		s.note(noteDenied)
	}
	return linuxerr.EAGAIN
}

// TaskExit implements seccheck.Sink.
func (s *sink) TaskExit(context.Context, seccheck.FieldSet, *pb.TaskExit) error {
	s.scratch.look()
	if s.live.Add(-1) == 0 {
		s.scratch.release()
	}
	return nil
}

func (s *sink) note(text string) { _, _ = unix.Write(s.notes.FD(), []byte(text)) }

// NoteExit tells the host how the job ended. The sentry calls it when the job
// is over and nothing went wrong on the way.
func NoteExit(ws unix.WaitStatus) {
	if s := inside.Load(); s != nil {
		s.note(s.scratch.peak())
		s.note(formatExit(ws))
	}
}
