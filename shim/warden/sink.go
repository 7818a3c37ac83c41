package warden

import (
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/errors/linuxerr"
	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
	pb "gvisor.dev/gvisor/pkg/sentry/seccheck/points/points_go_proto"
)

func init() {
	seccheck.RegisterSink(seccheck.SinkDesc{Name: sinkName, Setup: openNotes, New: newSink})
}

// openNotes runs in the shim. The sentry gets an end that never blocks, so the
// worst a compromised one can do with it is to lie about itself.
func openNotes(config map[string]any) (*os.File, error) { return duplicate(config[keyNotes]) }

// bound says that this sentry has its job. There is one per process.
var bound atomic.Bool

// newSink runs in the sentry, before the job's first task is made.
func newSink(config map[string]any, notes *fd.FD) (seccheck.Sink, error) {
	job, ok := parseJob(config)
	if !ok {
		return nil, fmt.Errorf("%s: its configuration makes no sense", sinkName)
	}
	if notes == nil || notes.FD() < 0 {
		return nil, fmt.Errorf("%s: no pipe for notes", sinkName)
	}
	if bound.Swap(true) {
		return nil, fmt.Errorf("%s: the sandbox has a job already", sinkName)
	}
	if err := job.become(); err != nil {
		return nil, err
	}
	s := &sink{limit: job.Tasks, notes: notes}
	s.live.Store(1) // the first task is not cloned
	here.AddStateToCheckpoint(markKey, &mark{})
	s.scratch.note, s.left.note = s.note, s.note
	kept = &s.left
	if job.Restored != "" {
		return s, s.takeRestored(job)
	}
	if job.Process != "" {
		tasks, err := job.adopt(here)
		if err != nil {
			return nil, err
		}
		s.live.Store(tasks)
		first, _ := find(here, job.Process)
		if err := late.place(first); err != nil {
			return nil, fmt.Errorf("%s: the job's files: %w", sinkName, err)
		}
	}
	return s, onFirstCall(isJobs, func(t *kernel.Task) {
		leaveInput(t)
		s.look(t, job)
	})
}

// look begins to look at what the job does. The task is its first.
func (s *sink) look(t *kernel.Task, job Job) {
	s.left.hold(t)
	hook := callHook{watcher: eye}
	if job.Scratch {
		s.scratch.watch(t)
		hook.noSpace = s.scratch.look
	}
	hookCalls(hook)
	eye.begin(t)
}

type sink struct {
	seccheck.SinkDefaults
	limit  int64
	notes  *fd.FD
	live   atomic.Int64
	denied atomic.Int64

	scratch scratch
	left    leavings
}

// Name implements seccheck.Sink.
func (s *sink) Name() string { return sinkName }

// Clone implements seccheck.Sink. An error here fails the clone. The task has
// been made by then and will run straight into its exit, so TaskExit takes it
// off the count in both cases.
func (s *sink) Clone(ctx context.Context, _ seccheck.FieldSet, info *pb.CloneInfo) error {
	n := s.live.Add(1)
	eye.cloned(ctx, n, info.Flags)
	if s.limit == 0 || n <= s.limit {
		return nil
	}
	if s.denied.Add(1) <= maxDenied {
		s.note(noteDenied)
	}
	return linuxerr.EAGAIN
}

// TaskExit implements seccheck.Sink.
func (s *sink) TaskExit(ctx context.Context, _ seccheck.FieldSet, _ *pb.TaskExit) error {
	s.scratch.look()
	s.left.exits(ctx)
	if s.live.Add(-1) == 0 {
		s.scratch.release()
		closeStreams()
		s.left.end()
	}
	return nil
}

func (s *sink) note(text string) { _, _ = unix.Write(s.notes.FD(), []byte(text)) }
