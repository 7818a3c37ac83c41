package orchestrator_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/fault"
)

// someOfEach is a small crowd for a node with two places: every way of ending,
// one that waits for its image, and one that is cancelled while it runs. What
// fails is tried again, as a good client would, under the same key.
func someOfEach(r *rig) {
	specs := []glovebox.Spec{
		{Image: "here", Cmd: []string{"echo", "hi"}},
		{Image: "here", Cmd: []string{"never"}},
		{Image: "far", Cmd: []string{"exit", "7"}},
		{Image: "here", Cmd: []string{"fault", "start"}},
		{Image: "fail:tag_unknown", Cmd: []string{"exit", "0"}},
	}
	var cancelled string
	for i, spec := range specs {
		k := key(fmt.Sprint("key", i), "body")
		r.again("submit", func() error {
			job, _, err := r.Submit(r.t.Context(), me, spec, k)
			if spec.Cmd[0] == "never" {
				cancelled = job.ID
			}
			return err
		})
	}
	time.Sleep(time.Second)
	r.again("cancel", func() error {
		_, err := r.Cancel(r.t.Context(), me, cancelled)
		return err
	})
	r.allArchived(15 * time.Minute)
	if n := len(r.store.jobs()); n != len(specs) {
		r.t.Errorf("%d jobs were stored", n)
	}
	for _, j := range r.store.jobs() {
		verb := j.Spec.Cmd[0]
		want := map[string]glovebox.Status{"echo": glovebox.StatusCompleted, "never": glovebox.StatusCancelled, "fault": glovebox.StatusFailed, "exit": glovebox.StatusCompleted}[verb]
		if j.Spec.Image == "fail:tag_unknown" {
			want = glovebox.StatusFailed
		}
		if j.Outcome != want {
			r.t.Errorf("%v of %s: %s %v", j.Spec.Cmd, j.Spec.Image, j.Outcome, j.Fault)
		}
		if verb == "echo" && (j.Output.Stdout != 3 || j.Output.Truncated) {
			r.t.Errorf("output: %+v", j.Output)
		}
	}
	if n := r.Undelivered(); n != 0 {
		r.t.Errorf("%d events are kept for nobody", n)
	}
}

// again does something until it works.
func (r *rig) again(what string, do func() error) {
	r.t.Helper()
	for range 200 {
		err := do()
		if err == nil {
			return
		}
		if glovebox.KindOf(err) != glovebox.KindUnavailable {
			r.t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.t.Fatalf("%s never works", what)
}

// TestEachCallFails lets one call of the store or of the receipts fail, the first, the second and
// so on until a run needs no such call: before it does anything, or with its
// reply lost. Every job still ends once, runs once and leaves nothing.
func TestEachCallFails(t *testing.T) {
	for name, x := range map[string]fate{"before": fails, "reply lost": loses} {
		t.Run(name, func(t *testing.T) {
			k := 0
			for more := true; more && !t.Failed(); k++ {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, 2)
					faults := r.withFaults()
					r.start()
					after, hit := faults.count()+k, ""
					faults.set(func(call int, name string) fate {
						if call == after {
							hit = name
							return x
						}
						return works
					})
					someOfEach(r)
					more = faults.count() > after && k < maxCalls
					r.stop()
					if t.Failed() {
						t.Logf("call %d, %s, was hit", k, hit)
					}
				})
			}
			if k < 40 {
				t.Errorf("the run needed only %d calls", k)
			}
			t.Logf("%d calls were hit", k)
		})
	}
}

// maxCalls bounds a run whose sweep goes on calling for as long as it lasts.
const maxCalls = 400

// TestManyCallsFail: every third call fails, one way or the other.
func TestManyCallsFail(t *testing.T) {
	for seed := range 20 {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 2)
			faults := r.withFaults()
			r.start()
			faults.faults.Set(fault.Seeded(uint64(seed), func(fault.Call) fault.Odds { return fault.Odds{Fail: 1667, Lose: 1667} }))
			someOfEach(r)
			r.stop()
		})
	}
}
