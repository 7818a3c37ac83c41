package containerd

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	taskapi "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/emptypb"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
	"glovebox/runtime/containerd/internal/leftover"
)

var _ glovebox.Collector = (*Runtime)(nil)

// The shim's own service beside the task API that hands over what a job has
// left.
const (
	collectService = "dev.glovebox.Collect"
	collectMethod  = "Collect"
)

// What a report says of it.
const (
	leftNothing = "nothing"
	leftKept    = "kept" // until the sandbox is deleted
)

// pipeBytes is the room of a pipe through which it comes: the most that a kernel
// gives without being asked to give more.
const pipeBytes = 1 << 20

// Collect implements glovebox.Collector. It keeps nothing in memory: what was
// left by a job of gVisor is in the sandbox, which outlives its job for this; of
// runc's, in the layer that is mounted until Destroy.
func (r *Runtime) Collect(ctx context.Context, id string, w io.Writer) (leftOut int, err error) {
	rec, err := r.record(id)
	if err != nil {
		return 0, err
	}
	a := leftover.NewArchive(until{ctx, w})
	if rec.Runtime == glovebox.RuntimeGVisor {
		leftOut, err = r.collectGVisor(ctx, rec, a)
	} else {
		leftOut, err = r.collectRunc(ctx, rec, a)
	}
	switch {
	case err == nil:
		return leftOut, nil
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case a.WriteError() != nil:
		return 0, a.WriteError()
	}
	if _, gone := r.record(id); gone != nil { // it was destroyed meanwhile
		return 0, gone
	}
	return 0, err
}

// until is a writer that fails when its context has ended.
type until struct {
	ctx context.Context
	w   io.Writer
}

func (u until) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.w.Write(p)
}

func (r *Runtime) collectGVisor(ctx context.Context, rec record, a *leftover.Archive) (int, error) {
	told, ended := r.report(rec)
	switch {
	case !ended:
		return 0, r.notEnded(ctx, rec)
	case told.Left == leftNothing:
		return 0, a.Close()
	case told.Left != leftKept:
		return 0, lostLeavings(rec.ID, errors.New("the sandbox was ended from outside"))
	}
	pipe, err := r.leftUnderOut(ctx, rec)
	if err != nil {
		return 0, err
	}
	defer pipe.Close()
	defer context.AfterFunc(ctx, func() { _ = pipe.SetReadDeadline(time.Now()) })()
	leftOut, err := leftover.Receive(pipe, a)
	if err != nil {
		return 0, lostLeavings(rec.ID, err)
	}
	return leftOut, nil
}

// notEnded says why there is no report.
func (r *Runtime) notEnded(ctx context.Context, rec record) error {
	l, err := r.shim(ctx)
	if err != nil {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	_, err = l.State(r.spoken(asked), &task.StateRequest{ID: rec.Container})
	switch err = native(err); {
	case err == nil:
		return running(rec.ID)
	case errdefs.IsNotFound(err):
		return lostLeavings(rec.ID, err)
	}
	return glovebox.Errorf(glovebox.KindUnavailable, "ask for the state of sandbox %s: %w", rec.ID, err)
}

// leftUnderOut has the shim put what the job has left into a pipe, and returns that.
// The pipe has a name only until the shim has found it.
func (r *Runtime) leftUnderOut(ctx context.Context, rec record) (*os.File, error) {
	l, err := r.shim(ctx)
	if err != nil {
		return nil, err
	}
	path := r.dir(rec.ID, ".collect."+rand.Text())
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, lostLeavings(rec.ID, err)
	}
	defer os.Remove(path)
	pipe, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, lostLeavings(rec.ID, err)
	}
	widen(pipe)
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = native(l.client.Call(r.spoken(asked), collectService, collectMethod, &task.CheckpointTaskRequest{ID: rec.Container, Path: path}, &emptypb.Empty{}))
	if err == nil {
		return pipe, nil
	}
	pipe.Close()
	switch {
	case errdefs.IsFailedPrecondition(err):
		return nil, running(rec.ID)
	case errdefs.IsNotFound(err), errdefs.IsDataLoss(err):
		return nil, lostLeavings(rec.ID, err)
	}
	return nil, glovebox.Errorf(glovebox.KindUnavailable, "ask for what the job of sandbox %s has left: %w", rec.ID, err).Try("try again")
}

// widen makes a pipe hold more; it works without.
func widen(pipe *os.File) {
	if conn, err := pipe.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeBytes) })
	}
}

func (r *Runtime) collectRunc(ctx context.Context, rec record, a *leftover.Archive) (int, error) {
	if err := r.endedRunc(ctx, rec); err != nil {
		return 0, err
	}
	dir := r.dir(rec.ID, rootDir)
	if !hostview.IsMount(dir) {
		return 0, lostLeavings(rec.ID, errors.New("its root file system is not there any more"))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, lostLeavings(rec.ID, err)
	}
	defer root.Close()
	leftOut, err := leftover.Walk(root, outDir, a)
	if err != nil {
		return 0, lostLeavings(rec.ID, err)
	}
	return leftOut, nil
}

// endedRunc is nil once the command has ended. The kernel ends what else runs in
// its sandbox with it.
func (r *Runtime) endedRunc(ctx context.Context, rec record) error {
	var exit glovebox.Exit
	err := r.load(rec.ID, exitFile, &exit)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return glovebox.Errorf(glovebox.KindInternal, "read how sandbox %s ended: %w", rec.ID, err)
	}
	p, err := r.task(ctx, rec.Container)
	switch {
	case err == nil && p.Status == taskapi.Status_STOPPED:
		return nil
	case err == nil:
		return running(rec.ID)
	case errdefs.IsNotFound(err):
		return lostLeavings(rec.ID, err)
	}
	return err
}

func running(id string) error {
	return glovebox.Errorf(glovebox.KindConflict, "the command of sandbox %s has not ended", id).Try("wait for its end")
}

func lostLeavings(id string, err error) error {
	return glovebox.Errorf(glovebox.KindNodeLost, "what the job of sandbox %s has left is lost: %w", id, err)
}
