package orchestrator_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"glovebox"
)

// town says what tenants may take.
type town struct {
	mu  sync.Mutex
	all map[string]glovebox.Tenant
}

func (o *town) Tenant(_ context.Context, id string) (glovebox.Tenant, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t, ok := o.all[id]; ok {
		return t, nil
	}
	return glovebox.DefaultTenant(id), nil
}

// gives a tenant a quota; what is zero in it is the default.
func (o *town) gives(id string, q glovebox.Quota) {
	t := glovebox.DefaultTenant(id)
	var err error
	if t.Quota, err = q.Complete(); err != nil {
		panic(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[id] = t
}

func (r *rig) withTown() *town {
	o := &town{all: map[string]glovebox.Tenant{}}
	r.config.Tenants = o
	return o
}

func of(tenant string) glovebox.Principal {
	return glovebox.Principal{Kind: "person", Name: "somebody of " + tenant, Tenant: tenant}
}

func (r *rig) submitOf(tenant string, s glovebox.Spec) glovebox.Job {
	r.t.Helper()
	if s.Image == "" {
		s.Image = "here"
	}
	job, _, err := r.Submit(context.Background(), of(tenant), s, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return job
}

func sleep(d string) glovebox.Spec { return glovebox.Spec{Cmd: []string{"sleep", d}} }

func wantRefused(t testing.TB, err error, kind glovebox.Kind, field string) {
	t.Helper()
	e := glovebox.AsError(err)
	if err == nil || e.Kind != kind || e.Field != field || e.Hint == "" {
		t.Errorf("got %v (%s on %q, hint %q), want %s on %q", err, e.Kind, e.Field, e.Hint, kind, field)
	}
}

// TestFloodOfAnother: one tenant has filled the node and the line; another's
// job is next but one.
func TestFloodOfAnother(t *testing.T) {
	inBubble(t, 2, func(r *rig) {
		r.start()
		for range 60 {
			r.submitOf("flood", sleep("1s"))
		}
		began := time.Now()
		quiet := r.submitOf("quiet", sleep("1s"))
		r.reaches(quiet.ID, glovebox.StatusRunning)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it waited for %s", took)
		}
		r.allArchived(5 * time.Minute)
	})
}

// TestConcurrentJobs: a tenant at its quota waits with the node half empty, and
// goes on as soon as one of its jobs has ended. Others go past it.
func TestConcurrentJobs(t *testing.T) {
	inBubble(t, 10, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{ConcurrentJobs: 2})
		r.start()
		var ids []string
		for range 6 {
			ids = append(ids, r.submitOf("small", sleep("10s")).ID)
		}
		other := r.submitOf("other", sleep("1s"))
		time.Sleep(5 * time.Second)
		if u, err := r.Usage(r.t.Context(), "small"); err != nil || u.ConcurrentJobs != 2 || u.QueuedJobs != 4 || u.CPUs != 2 || u.Memory != 1<<30 {
			t.Errorf("usage is %+v, %v", u, err)
		}
		if s := r.status(other.ID); !s.Ended() {
			t.Errorf("the other's job is %s", s)
		}
		r.allArchived(time.Minute)
		if took := r.store.job(ids[5]).EndedAt.Sub(r.store.job(ids[0]).PlacedAt); took < 30*time.Second || took > 33*time.Second {
			t.Errorf("six jobs of 10s, two at a time, took %s", took)
		}
		if u, err := r.Usage(r.t.Context(), "small"); err != nil || u.ConcurrentJobs != 0 || u.QueuedJobs != 0 || u.CPUs != 0 || u.Memory != 0 {
			t.Errorf("usage afterwards is %+v, %v", u, err)
		}
	})
}

// TestQueuedJobs: a job that would have to wait is refused when enough wait
// already, exactly, also if many come at once; one that runs at once is not.
func TestQueuedJobs(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{QueuedJobs: 3})
		r.start()
		var callers sync.WaitGroup
		var mu sync.Mutex
		accepted := 0
		for range 40 {
			callers.Go(func() {
				_, _, err := r.Submit(context.Background(), of("small"), glovebox.Spec{Image: "here", Cmd: []string{"sleep", "10s"}}, nil)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					accepted++
					return
				}
				wantRefused(t, err, glovebox.KindTooMany, "quota.queuedJobs")
			})
		}
		callers.Wait()
		if accepted != 7 {
			t.Errorf("%d were accepted, 4 to run and 3 to wait", accepted)
		}
		r.submitOf("other", sleep("1s"))
		time.Sleep(11 * time.Second)
		r.submitOf("small", sleep("1s"))
		r.allArchived(time.Minute)
	})
}

// TestRepeatWhileFull: a request that was accepted is answered as it was, also
// if its job has filled the line.
func TestRepeatWhileFull(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{QueuedJobs: 1})
		r.start()
		r.submitOf("small", sleep("10s"))
		k, spec := key("k", "body"), glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}}
		first, fresh, err := r.Submit(t.Context(), of("small"), spec, k)
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		again, fresh, err := r.Submit(t.Context(), of("small"), spec, k)
		if err != nil || fresh || again.ID != first.ID {
			t.Errorf("%s, fresh %v, %v; want %s", again.ID, fresh, err, first.ID)
		}
		if _, _, err = r.Submit(t.Context(), of("small"), spec, key("k", "other")); glovebox.KindOf(err) != glovebox.KindKeyReused {
			t.Error(err)
		}
		_, _, err = r.Submit(t.Context(), of("small"), spec, key("new", "body"))
		wantRefused(t, err, glovebox.KindTooMany, "quota.queuedJobs")
		r.allArchived(time.Minute)
	})
}

// TestQueuedImages: jobs that wait for their image count as waiting.
func TestQueuedImages(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{QueuedJobs: 2})
		r.start()
		far := glovebox.Spec{Image: "far", Cmd: []string{"exit", "0"}}
		r.submitOf("small", far)
		r.submitOf("small", far)
		_, _, err := r.Submit(r.t.Context(), of("small"), far, nil)
		wantRefused(t, err, glovebox.KindTooMany, "quota.queuedJobs")
		r.allArchived(time.Minute)
		r.submitOf("small", far)
		r.allArchived(time.Minute)
	})
}

// TestLargerThanQuota: a job that could never run is refused at once, and named.
func TestLargerThanQuota(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{CPUs: 0.5, Memory: 128 << 20})
		r.start()
		for field, limits := range map[string]glovebox.Limits{
			"limits.cpus":   {CPUs: 0.6, Memory: 64 << 20},
			"limits.memory": {CPUs: 0.5, Memory: 128<<20 + 1},
		} {
			spec := glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Limits: limits}
			_, _, err := r.Submit(r.t.Context(), of("small"), spec, nil)
			wantRefused(t, err, glovebox.KindInvalid, field)
			if !strings.Contains(err.Error(), "quota."+strings.TrimPrefix(field, "limits.")) {
				t.Errorf("%v does not name the quota", err)
			}
		}
		r.submitOf("small", glovebox.Spec{Cmd: []string{"exit", "0"}, Limits: glovebox.Limits{CPUs: 0.5, Memory: 128 << 20}})
		r.allArchived(time.Minute)
	})
}

// TestOutputQuota: what earlier jobs have left counts, after a restart, too.
func TestOutputQuota(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{OutputBytes: 2048})
		r.start()
		spec := glovebox.Spec{Image: "here", Cmd: []string{"echo", strings.Repeat("x", 1000)}, Limits: glovebox.Limits{Output: 1024}}
		for range 2 {
			r.submitOf("small", spec)
			r.allArchived(time.Minute)
		}
		for range 2 {
			_, _, err := r.Submit(r.t.Context(), of("small"), spec, nil)
			wantRefused(t, err, glovebox.KindTooMany, "quota.outputBytes")
			if u, err := r.Usage(r.t.Context(), "small"); err != nil || u.OutputBytes < 2000 || u.OutputBytes > 2048 {
				t.Errorf("usage is %+v, %v", u, err)
			}
			r.restart()
		}
		r.submitOf("other", spec)
		r.allArchived(time.Minute)
	})
}

// TestQuotaChanges: a quota that is raised lets those go who wait for it, and
// one that is lowered ends those who now would wait for ever.
func TestQuotaChanges(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		town := r.withTown()
		town.gives("small", glovebox.Quota{ConcurrentJobs: 1})
		r.start()
		r.submitOf("small", sleep("10m"))
		waits := r.submitOf("small", sleep("10m"))
		time.Sleep(time.Second)
		if r.status(waits.ID) != glovebox.StatusPending {
			t.Fatal("it does not wait")
		}
		town.gives("small", glovebox.Quota{ConcurrentJobs: 2})
		began := time.Now()
		r.reaches(waits.ID, glovebox.StatusRunning)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		large := r.submitOf("small", glovebox.Spec{Cmd: []string{"exit", "0"}, Limits: glovebox.Limits{Memory: 1 << 30}})
		town.gives("small", glovebox.Quota{ConcurrentJobs: 2, Memory: 1<<30 - 1})
		if j := r.archived(large.ID); j.Reason != glovebox.ReasonPolicyDenied || j.Fault.Field != "limits.memory" {
			t.Errorf("%s %v", j.Reason, j.Fault)
		}
		r.allArchived(30 * time.Minute)
	})
}

// TestRestartKeepsQuotas: what runs and what waits is counted again by the next
// process, and the turn goes round as before.
func TestRestartKeepsQuotas(t *testing.T) {
	inBubble(t, 3, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{ConcurrentJobs: 1, QueuedJobs: 3})
		r.start()
		for range 4 {
			r.submitOf("small", sleep("20s"))
		}
		time.Sleep(time.Second)
		for range 3 {
			r.restart()
			if u, err := r.Usage(r.t.Context(), "small"); err != nil || u.ConcurrentJobs != 1 || u.QueuedJobs != 3 {
				t.Errorf("usage is %+v, %v", u, err)
			}
			_, _, err := r.Submit(r.t.Context(), of("small"), glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}}, nil)
			wantRefused(t, err, glovebox.KindTooMany, "quota.queuedJobs")
		}
		for range 8 {
			r.submitOf("flood", sleep("20s"))
		}
		r.restart()
		quiet := r.submitOf("quiet", sleep("1s"))
		began := time.Now()
		r.archived(quiet.ID)
		if took := time.Since(began); took > 25*time.Second {
			t.Errorf("it waited for %s", took)
		}
		r.allArchived(10 * time.Minute)
	})
}

// TestNeverAboveQuota: whatever tenants submit and cancel, and however often
// the process dies, no tenant ever has more on the node than its quota allows.
func TestNeverAboveQuota(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		quotas := map[string]glovebox.Quota{}
		for _, name := range []string{"a", "b", "c"} {
			q, err := glovebox.Quota{
				ConcurrentJobs: rapid.IntRange(1, 4).Draw(rt, "jobs"),
				CPUs:           float64(rapid.IntRange(2, 9).Draw(rt, "tenths")) / 10,
				Memory:         int64(rapid.IntRange(128, 512).Draw(rt, "memory")) << 20,
			}.Complete()
			if err != nil {
				rt.Fatal(err)
			}
			quotas[name] = q
		}
		type move struct {
			tenant string
			limits glovebox.Limits
			cancel bool
			dies   bool
		}
		var moves []move
		for range rapid.IntRange(5, 25).Draw(rt, "moves") {
			moves = append(moves, move{
				tenant: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "tenant"),
				limits: glovebox.Limits{CPUs: float64(rapid.IntRange(1, 3).Draw(rt, "cpus")) / 10,
					Memory: int64(rapid.SampledFrom([]int{64, 100, 128}).Draw(rt, "size")) << 20},
				cancel: rapid.IntRange(0, 4).Draw(rt, "cancel") == 4,
				dies:   rapid.IntRange(0, 9).Draw(rt, "dies") == 9,
			})
		}
		inBubble(t, 5, func(r *rig) {
			town := r.withTown()
			for name, q := range quotas {
				town.gives(name, q)
			}
			r.store.always = func(jobs map[string]glovebox.Job) error { return aboveQuota(jobs, quotas) }
			r.start()
			for _, m := range moves {
				spec := glovebox.Spec{Image: "here", Cmd: []string{"sleep", "2s"}, Limits: m.limits}
				job, _, err := r.Submit(context.Background(), of(m.tenant), spec, nil)
				if err != nil && glovebox.KindOf(err) != glovebox.KindInvalid { // larger than the quota
					r.t.Fatal(err)
				}
				time.Sleep(300 * time.Millisecond)
				if m.cancel && err == nil {
					if _, err := r.Cancel(context.Background(), of(m.tenant), job.ID); err != nil {
						r.t.Fatal(err)
					}
				}
				if m.dies {
					r.restart()
				}
			}
			r.allArchived(5 * time.Minute)
		})
	})
}

// aboveQuota adds up what stands in the jobs themselves.
func aboveQuota(jobs map[string]glovebox.Job, quotas map[string]glovebox.Quota) error {
	for tenant, q := range quotas {
		n, tenths, memory := 0, 0, int64(0)
		for _, j := range jobs {
			if j.Tenant == tenant && j.Attempt > 0 && !glovebox.AllGone(j.Ledger) {
				n, tenths, memory = n+1, tenths+int(j.Spec.Limits.CPUs*10+0.5), memory+j.Spec.Limits.Memory
			}
		}
		if n > q.ConcurrentJobs || tenths > int(q.CPUs*10+0.5) || memory > q.Memory {
			return fmt.Errorf("%s has %d jobs, %d tenths of a CPU and %d bytes, and its quota is %+v", tenant, n, tenths, memory, q)
		}
	}
	return nil
}
