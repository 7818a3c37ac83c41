package orchestrator_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/orchestrator"
	"glovebox/provider/fake"
	"glovebox/store/memory"
)

// rig is an orchestrator between a store in memory and an imaginary node, all
// of it on virtual time.
type rig struct {
	*orchestrator.Orchestrator
	t      *testing.T
	store  *witness
	node   *fake.Provider
	shelf  *shelf
	logs   *logs
	notary *notary
	config orchestrator.Config
	broken atomic.Pointer[func(fake.Step, glovebox.Resource) error]

	cancel context.CancelFunc
	ended  chan error
}

var me = glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}

// inBubble plays a story with a node of so much room.
func inBubble(t *testing.T, sandboxes int64, story func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, sandboxes)
		story(r)
		r.stop()
	})
}

// newRig returns a rig that is not started.
func newRig(t *testing.T, sandboxes int64) *rig {
	r := &rig{
		t:     t,
		store: &witness{Store: memory.New(), t: t, last: map[string]glovebox.Job{}, writes: map[string][]write{}},
		node:  fake.New(sandboxes),
		shelf: &shelf{takes: 3 * time.Second, fetched: map[string]bool{}},
		logs:  &logs{stdout: map[string]int64{}, text: map[string][]byte{}, stdin: map[string]string{}, sealed: map[string]bool{}},
	}
	r.node.Fail = func(s fake.Step, res glovebox.Resource) error {
		if f := r.broken.Load(); f != nil {
			return (*f)(s, res)
		}
		return nil
	}
	r.node.Host = &glovebox.Host{Agent: "a1", Runtime: "fake v1"}
	r.node.Ship, r.node.RemoveTime = r.logs.ship, 10*time.Millisecond
	r.node.StartTime, r.node.StopTime = 20*time.Millisecond, 5*time.Millisecond
	r.notary = newNotary(t, r.logs)
	r.config = orchestrator.Config{
		Store: r.store, Provider: r.node, Images: r.shelf, Output: r.logs, Secrets: someSecrets{}, Receipts: r.notary,
		Log: slog.New(slog.DiscardHandler), Holder: "a",
	}
	return r
}

// start runs an orchestrator and waits until it has opened the node.
func (r *rig) start() *rig {
	r.t.Helper()
	r.startWithoutNode()()
	return r
}

// startWithoutNode runs an orchestrator whose node does not call until the
// function that it returns is called.
func (r *rig) startWithoutNode() (call func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r.Orchestrator, r.cancel, r.ended = orchestrator.New(r.config), cancel, make(chan error, 1)
	o, ended := r.Orchestrator, r.ended
	ready := false
	go func() { ended <- o.Run(ctx, func() { ready = true }) }()
	synctest.Wait()
	return func() {
		if ready {
			r.node.Open(o)
		}
		synctest.Wait()
	}
}

// stop ends the orchestrator, if one runs, and returns what Run returned.
func (r *rig) stop() error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	err := <-r.ended
	r.cancel = nil
	return err
}

// breaks makes steps of the node fail; nil mends it.
func (r *rig) breaks(fail func(fake.Step, glovebox.Resource) error) {
	if fail == nil {
		r.broken.Store(nil)
		return
	}
	r.broken.Store(&fail)
}

// restart is the death of the process and the start of the next one.
func (r *rig) restart() {
	r.t.Helper()
	r.stop()
	r.node.Restart()
	r.start()
}

func (r *rig) submit(args ...string) glovebox.Job {
	r.t.Helper()
	return r.submitSpec(glovebox.Spec{Image: "here", Cmd: args})
}

func (r *rig) submitSpec(s glovebox.Spec) glovebox.Job {
	r.t.Helper()
	job, fresh, err := r.Submit(context.Background(), me, s, nil)
	if err != nil || !fresh {
		r.t.Fatalf("submit: fresh=%v, %v", fresh, err)
	}
	return job
}

// until lets time pass until ok, at most so long.
func (r *rig) until(limit time.Duration, what string, ok func() bool) {
	r.t.Helper()
	for began := time.Now(); ; time.Sleep(max(10*time.Millisecond, limit/5000)) {
		if ok() {
			return
		}
		if time.Since(began) > limit {
			for _, j := range r.store.jobs() {
				r.t.Logf("%s %s %v attempt=%d ledger=%v sealed=%v due=%s", j.ID, j.Status, j.Command.Args, j.Attempt, j.Ledger, j.Output.Sealed, j.Due)
			}
			r.t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

func (r *rig) status(id string) glovebox.Status { return r.store.job(id).Status }

func (r *rig) reaches(id string, s glovebox.Status) glovebox.Job {
	r.t.Helper()
	r.until(time.Minute, id+" is "+string(s), func() bool { return r.status(id) == s })
	return r.store.job(id)
}

// archived waits for a job's last status and returns the job.
func (r *rig) archived(id string) glovebox.Job {
	r.t.Helper()
	return r.reaches(id, glovebox.StatusArchived)
}

// allArchived waits until every job that was ever stored is archived, and
// checks that nothing is left of any: no sandbox, no room taken, nobody in
// line, no command started twice.
func (r *rig) allArchived(limit time.Duration) {
	r.t.Helper()
	r.until(limit, "all are archived", func() bool {
		for _, j := range r.store.jobs() {
			if j.Status != glovebox.StatusArchived {
				return false
			}
		}
		return true
	})
	r.nothingLeft()
	r.receipted()
}

func (r *rig) nothingLeft() {
	r.t.Helper()
	r.until(time.Minute, "all room is given back", func() bool { return r.Running() == 0 && r.Waiting() == 0 })
	if owned, err := r.node.Owned(context.Background()); len(owned) > 0 {
		r.t.Errorf("left on the node: %v, %v", owned, err)
	}
	for name, n := range r.node.Starts() {
		if n > 1 {
			r.t.Errorf("%s was started %d times", name, n)
		}
	}
}
