package warden

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
	pb "gvisor.dev/gvisor/pkg/sentry/seccheck/points/points_go_proto"

	"glovebox/shim/seen"
)

const (
	watchSink = "glovebox-watch"
	keyBoard  = "board"
	keyFull   = "full"
)

func init() {
	seccheck.RegisterSink(seccheck.SinkDesc{Name: watchSink, Setup: giveBoard, New: takeBoard})
}

// Watch says what of a job is noted, and where.
type Watch struct {
	Board *os.File // of package seen; nil: nothing is
	Full  bool     // count every system call by name
}

// addTo has a session watch.
func (w Watch) addTo(conf *seccheck.SessionConfig) {
	if w.Board == nil {
		return
	}
	conf.Points = append(conf.Points, seccheck.PointConfig{Name: "sentry/execve"})
	conf.Sinks = append(conf.Sinks, seccheck.SinkConfig{
		Name: watchSink, Config: map[string]any{keyBoard: int(w.Board.Fd()), keyFull: w.Full},
	})
}

// giveBoard runs in the shim.
func giveBoard(config map[string]any) (*os.File, error) { return duplicate(config[keyBoard]) }

// eye is the one of this sentry, nil if its job is not watched.
var eye *watcher

// takeBoard runs in the sentry, before the warden's own sink.
func takeBoard(config map[string]any, board *fd.FD) (seccheck.Sink, error) {
	full, ok := config[keyFull].(bool)
	if !ok || board == nil || board.FD() < 0 {
		return nil, errors.New(watchSink + ": no board")
	}
	if bound.Load() {
		return nil, fmt.Errorf("%s: the sandbox has a job already", watchSink)
	}
	notes, err := seen.Begin(board.FD(), full)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", watchSink, err)
	}
	eye = &watcher{notes: notes, full: full, looks: looks(looksByName), failures: looks(failuresByName)}
	return eye, nil
}

// watcher notes what the job does. Programs come from gVisor's trace point,
// which is past everything that a job could change meanwhile; the rest are
// arguments of system calls as they are when the call begins.
type watcher struct {
	seccheck.SinkDefaults
	notes *seen.Writer
	full  bool
	first atomic.Bool

	looks    looksTable // as a call begins
	failures looksTable // when it has failed
}

// Name implements seccheck.Sink.
func (w *watcher) Name() string { return watchSink }

// Execve implements seccheck.Sink.
func (w *watcher) Execve(ctx context.Context, _ seccheck.FieldSet, info *pb.ExecveInfo) error {
	if t, ok := ctx.(*kernel.Task); ok {
		w.executed(t, info.BinaryPath, info.Argv)
	}
	return nil
}

func (w *watcher) executed(t *kernel.Task, path string, argv []string) {
	const half = 110 // of a text: a path must not push out the name
	text := path[:min(len(path), half)] + "\x00"
	if len(argv) > 0 {
		text += argv[0][:min(len(argv[0]), half)]
	}
	w.notes.Note(seen.Program(path, argv), seen.Mark{UID: uid(t)}, text)
}

// begin notes the program that the job is: it was not executed by anybody, or
// before the job was there.
func (w *watcher) begin(t *kernel.Task) {
	if w == nil || w.first.Swap(true) {
		return
	}
	w.notes.Forked(1)
	if file := t.MemoryManager().Executable(); file != nil {
		defer file.DecRef(t)
		w.executed(t, file.MappedName(t), []string{t.Name()})
	}
}

// cloned notes a task, the live-th, and the namespaces that it was made with.
func (w *watcher) cloned(ctx context.Context, live int64, flags uint64) {
	if w == nil {
		return
	}
	w.notes.Forked(live)
	const namespaces = linux.CLONE_NEWUSER | linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS
	if t, ok := ctx.(*kernel.Task); ok && flags&namespaces != 0 {
		w.notes.Note(seen.Call, seen.Mark{Number: cloneNumber(), UID: uid(t)}, namespaceNames(flags))
	}
}

func uid(t *kernel.Task) uint32 { return uint32(t.Credentials().RealKUID) }
