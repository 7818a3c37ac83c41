package orchestrator_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"glovebox"
)

// TestReportsComeAnyHow: reports that come twice, late and out of order change
// nothing about how a job ends.
func TestReportsComeAnyHow(t *testing.T) {
	type send = func(glovebox.Report)
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(random.IntN(n)) * time.Millisecond
	}
	for name, deliver := range map[string]func(glovebox.Report, send){
		"twice": func(r glovebox.Report, s send) { s(r); s(r) },
		"late":  func(r glovebox.Report, s send) { time.AfterFunc(3*time.Second, func() { s(r) }) },
		"again much later": func(r glovebox.Report, s send) {
			s(r)
			time.AfterFunc(time.Minute, func() { s(r) })
		},
		"in any order": func(r glovebox.Report, s send) {
			for range 3 {
				time.AfterFunc(draw(2000), func() { s(r) })
			}
		},
		"the start after the end": func(r glovebox.Report, s send) {
			if r.Started.IsZero() {
				s(r)
				return
			}
			time.AfterFunc(time.Second, func() { s(r) })
		},
		"with an old attempt's": func(r glovebox.Report, s send) {
			old := r
			old.Attempt--
			s(old)
			s(r)
			old.Attempt += 2
			s(old)
		},
		"with an unknown job's": func(r glovebox.Report, s send) {
			strange := r
			strange.Job = "jnobody"
			s(strange)
			s(r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 2, func(r *rig) {
				r.node.Deliver = deliver
				r.start()
				for range 10 {
					r.submit("echo", "hi")
					r.submit("exit", "7")
				}
				stopped := r.submit("never")
				time.Sleep(10 * time.Second)
				if _, err := r.Cancel(r.t.Context(), me, stopped.ID); err != nil {
					t.Fatal(err)
				}
				r.allArchived(10 * time.Minute)
				time.Sleep(2 * time.Minute) // what comes even later
				for _, j := range r.store.jobs() {
					want := glovebox.StatusCompleted
					if j.ID == stopped.ID {
						want = glovebox.StatusCancelled
					}
					if j.Outcome != want || j.Output.Truncated {
						t.Errorf("%v: %s %+v", j.Command.Args, j.Outcome, j.Output)
					}
				}
				if n := r.Undelivered(); n != 0 {
					t.Errorf("%d events are kept for nobody", n)
				}
				r.nothingLeft()
			})
		})
	}
}

// TestLateOutput: a job is sealed when all that its node spoke of has come, and
// if that does not come, marked as cut.
func TestLateOutput(t *testing.T) {
	for _, comes := range []bool{true, false} {
		inBubble(t, 1, func(r *rig) {
			r.node.Ship = func(job string, attempt int, p []byte) {
				if comes {
					time.AfterFunc(20*time.Second, func() {
						r.logs.ship(job, attempt, p)
						r.Report(glovebox.Report{Job: job, Attempt: attempt, Shipped: true})
					})
				}
			}
			r.start()
			job := r.submit("echo", "hi")
			r.reaches(job.ID, glovebox.StatusCompleted)
			began := time.Now()
			r.allArchived(5 * time.Minute)
			job = r.store.job(job.ID)
			if job.Output.Truncated == comes || (job.Output.Stdout == 3) != comes {
				t.Errorf("output comes: %v, kept: %+v", comes, job.Output)
			}
			if took := time.Since(began); comes && took > 21*time.Second {
				t.Errorf("it took %s although all was there", took)
			}
		})
	}
}
