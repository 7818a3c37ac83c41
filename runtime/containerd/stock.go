package containerd

import (
	"context"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/ttrpc"

	taskapi "github.com/containerd/containerd/api/types/task"

	"glovebox"
)

// Sandboxes of runc each have a stock shim of their own, which outlives
// containerd, and whoever has started that.

// recallTime bounds the questions to one stock shim.
const recallTime = 5 * time.Second

// Group names the control group of an instance's sandbox, below the root of each
// hierarchy.
func Group(instance, id string) string { return Config{Instance: instance}.cgroupParent() + "/" + id }

// LimitNote is the file that says which limit a sandbox under Config.Dir was
// ended for. Who ends it writes the limit's kind there before.
func LimitNote(dir, id string) string { return filepath.Join(dir, sandboxesDir, id, limitFile) }

// StockShims are the pids of the stock shims of these sandboxes.
func (r *Runtime) StockShims(ids []string) ([]int, error) {
	procs, err := r.processes(r.claims())
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list processes: %w", err)
	}
	var pids []int
	for _, p := range procs {
		if slices.Contains(ids, p.id) && slices.Contains(p.Args, "-address") {
			pids = append(pids, p.PID)
		}
	}
	return pids, nil
}

// EndStock kills every process of runc's sandboxes but for those named. What
// they leave is for Destroy.
func (r *Runtime) EndStock(keep []string) error {
	procs, err := r.processes(r.claims())
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "list processes: %w", err)
	}
	for _, p := range procs {
		rec, err := r.record(p.id)
		if err == nil && rec.Runtime == glovebox.RuntimeRunc && !slices.Contains(keep, p.id) {
			_ = syscall.Kill(p.PID, syscall.SIGKILL) // it may have ended in this moment
		}
	}
	return nil
}

// Recall asks the stock shim of a sandbox whether its command has ended and
// notes how, now or when it does: a containerd that starts deletes the tasks
// that ended while it was away. So it is to be called before that is started.
// Errors: KindUnavailable if the shim does not answer.
func (r *Runtime) Recall(ctx context.Context, id string) (over bool, err error) {
	rec, err := r.record(id)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, recallTime)
	defer cancel()
	conn, err := r.dialShim(ctx, id)
	if err != nil {
		return false, glovebox.Errorf(glovebox.KindUnavailable, "ask the shim of sandbox %s: %w", id, err)
	}
	c := ttrpc.NewClient(conn)
	noted := make(chan error, 1)
	go func() {
		defer c.Close()
		noted <- r.noteEnd(c, rec)
	}()
	// Asked after the other question, so that no end is between the two.
	state, err := task.NewTTRPCTaskClient(c).State(namespaces.WithNamespace(ctx, r.config.Namespace), &task.StateRequest{ID: id})
	if err != nil {
		c.Close()
		return false, glovebox.Errorf(glovebox.KindUnavailable, "ask the shim of sandbox %s: %w", id, err)
	}
	if state.Status != taskapi.Status_STOPPED {
		return false, nil
	}
	select {
	case err = <-noted:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return false, glovebox.Errorf(glovebox.KindUnavailable, "note the end of sandbox %s: %w", id, err)
	}
	return true, nil
}

// noteEnd waits for the end of a sandbox and keeps it.
func (r *Runtime) noteEnd(c *ttrpc.Client, rec record) error {
	resp, err := task.NewTTRPCTaskClient(c).Wait(namespaces.WithNamespace(r.ctx, r.config.Namespace), &task.WaitRequest{ID: rec.ID})
	if err != nil {
		return err
	}
	exit := r.end(rec, ended{resp.ExitStatus, resp.ExitedAt}, &limits{r: r, rec: rec})
	return r.keep(rec.ID, exitFile, &exit)
}
