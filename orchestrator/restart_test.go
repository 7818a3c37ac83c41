package orchestrator_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/orchestrator"
)

// dying is a store seen by a process that dies at its k-th write: the write is
// made or not, and neither its reply nor any later call comes through.
type dying struct {
	*faultStore
	died chan struct{}
}

func (r *rig) dieAt(k int, x fate) *dying {
	d := &dying{r.withFaults(), make(chan struct{})}
	var mu sync.Mutex
	writes, dead := 0, false
	d.set(func(_ int, name string) fate {
		mu.Lock()
		defer mu.Unlock()
		if dead {
			return fails
		}
		if name != "CreateJob" && name != "UpdateJob" {
			return works
		}
		if writes++; writes <= k {
			return works
		}
		dead = true
		close(d.died)
		return x
	})
	return d
}

// TestRestartAtEachWrite kills the process at its first write, its second and
// so on until a run is over before that, and starts another over the same store
// and node. No job is lost, none runs twice, and all are archived.
func TestRestartAtEachWrite(t *testing.T) {
	for name, x := range map[string]fate{"write not made": fails, "write made": loses} {
		t.Run(name, func(t *testing.T) {
			k := 0
			for more := true; more && !t.Failed(); k++ {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, 2)
					more = r.liveTwice(k, x)
					if t.Failed() {
						t.Logf("the process died at write %d", k)
					}
				})
			}
			if k < 20 {
				t.Errorf("the run needed only %d writes", k)
			}
			t.Logf("%d writes", k)
		})
	}
}

// liveTwice plays the crowd; the process dies at write k, if the run has so
// many, and lies dead for a while.
func (r *rig) liveTwice(k int, x fate) (died bool) {
	front := &front{}
	d := r.dieAt(k, x)
	r.start()
	front.set(r.Orchestrator)
	over, settled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(settled)
		select {
		case <-d.died:
		case <-over:
		}
		select {
		case <-d.died:
			died = true
			r.stop()
			r.node.Restart()
			time.Sleep(300 * time.Millisecond)
			r.config.Store, r.notary.faults = r.store, nil
			r.start()
			front.set(r.Orchestrator)
		default:
		}
	}()
	r.crowdAt(front)
	close(over)
	<-settled
	r.allArchived(15 * time.Minute)
	r.stop()
	return died
}

// front is where clients find the process of the moment.
type front struct {
	mu sync.Mutex
	o  *orchestrator.Orchestrator
}

func (f *front) set(o *orchestrator.Orchestrator) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.o = o
}

func (f *front) get() *orchestrator.Orchestrator {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.o
}

// crowdAt submits some jobs through a front, cancels one, and waits until all
// are archived.
func (r *rig) crowdAt(f *front) {
	var cancelled string
	commands := [][]string{{"echo", "hi"}, {"never"}, {"sleep", "2s"}, {"exit", "7"}, {"fault", "start"}, {"sleep", "100ms"}}
	for i, args := range commands {
		image := "here"
		if i == 3 {
			image = "far"
		}
		k := key(fmt.Sprint("key", i), "body")
		r.again("submit", func() error {
			job, _, err := f.get().Submit(context.Background(), me, glovebox.Spec{Image: image, Cmd: args}, k)
			if args[0] == "never" {
				cancelled = job.ID
			}
			return err
		})
	}
	time.Sleep(time.Second)
	r.again("cancel", func() error {
		_, err := f.get().Cancel(context.Background(), me, cancelled)
		return err
	})
	r.until(15*time.Minute, "all are archived", func() bool {
		for _, j := range r.store.jobs() {
			if j.Status != glovebox.StatusArchived {
				return false
			}
		}
		return true
	})
	if n := len(r.store.jobs()); n != len(commands) {
		r.t.Errorf("%d jobs were stored", n)
	}
	for _, j := range r.store.jobs() {
		want := glovebox.StatusCompleted
		switch j.Spec.Cmd[0] {
		case "never":
			want = glovebox.StatusCancelled
		case "fault":
			want = glovebox.StatusFailed
		}
		if j.Outcome != want {
			r.t.Errorf("%v: %s %v", j.Spec.Cmd, j.Outcome, j.Fault)
		}
	}
}

// TestRestartKeepsOrder: those in line stay in the order in which they came,
// also if the process is another.
func TestRestartKeepsOrder(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		var ids []string
		for range 10 {
			ids = append(ids, r.submit("sleep", "1s").ID)
			time.Sleep(time.Millisecond)
		}
		r.restart()
		ids = append(ids, r.submit("sleep", "1s").ID)
		r.allArchived(5 * time.Minute)
		for i := range ids[1:] {
			if r.store.job(ids[i+1]).PlacedAt.Before(r.store.job(ids[i]).PlacedAt) {
				t.Errorf("job %d overtook the one before it", i+1)
			}
		}
	})
}

// TestRestartWithoutJobs: what the node has and no job accounts for goes away.
func TestRestartWithoutJobs(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		stray := glovebox.Job{ID: "jstray", Node: "n1", Command: glovebox.Command{Args: []string{"never"}}}
		if _, err := r.node.Make(r.t.Context(), stray, r.node.Plan(stray)[0]); err != nil {
			t.Fatal(err)
		}
		r.restart()
		r.nothingLeft()
	})
}
