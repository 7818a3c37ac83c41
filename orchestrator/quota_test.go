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

// TestOutputInFlight: what runs may write up to its limit, so no more starts at
// one time than may be kept. What is left when little was kept, others get; who
// finds nothing left is told why.
func TestOutputInFlight(t *testing.T) {
	inBubble(t, 10, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{OutputBytes: 5000})
		r.start()
		limits := glovebox.Limits{Output: 2048}
		var little, much []string
		for range 6 {
			little = append(little, r.submitOf("small", glovebox.Spec{Cmd: []string{"sleep", "10s"}, Limits: limits}).ID)
		}
		time.Sleep(5 * time.Second)
		if u, err := r.Usage(r.t.Context(), "small"); err != nil || u.ConcurrentJobs != 2 || u.QueuedJobs != 4 {
			t.Errorf("two may write 4096 of 5000 bytes, and usage is %+v, %v", u, err)
		}
		other := r.submitOf("other", sleep("1s"))
		time.Sleep(2 * time.Second)
		if s := r.status(other.ID); !s.Ended() {
			t.Errorf("the other's job is %s", s)
		}
		r.restart()
		for range 6 {
			spec := glovebox.Spec{Cmd: []string{"echo", strings.Repeat("x", 1999)}, Limits: limits}
			much = append(much, r.submitOf("small", spec).ID)
		}
		r.allArchived(5 * time.Minute)
		for _, id := range little {
			if j := r.store.job(id); j.Outcome != glovebox.StatusCompleted {
				t.Errorf("it kept nothing and is %s, %v", j.Outcome, j.Fault)
			}
		}
		for i, id := range much {
			j := r.store.job(id)
			if i < 2 && j.Outcome != glovebox.StatusCompleted {
				t.Errorf("%d is %s, %v", i, j.Outcome, j.Fault)
			}
			if i >= 2 && (j.Reason != glovebox.ReasonPolicyDenied || j.Fault == nil || j.Fault.Field != "quota.outputBytes" || j.Fault.Hint == "" || j.Attempt != 0) {
				t.Errorf("%d ended with %q, %+v", i, j.Reason, j.Fault)
			}
		}
		if u, err := r.Usage(r.t.Context(), "small"); err != nil || u.OutputBytes != 4000 {
			t.Errorf("usage is %+v, %v", u, err)
		}
	})
}

// slowSum is a store whose sums of output take a while to arrive.
type slowSum struct {
	glovebox.Store
	mu    sync.Mutex
	while func()
}

func (s *slowSum) KeptOutput(ctx context.Context, tenant string) (int64, error) {
	kept, err := s.Store.KeptOutput(ctx, tenant)
	s.mu.Lock()
	while := s.while
	s.while = nil
	s.mu.Unlock()
	if while != nil {
		while()
	}
	return kept, err
}

// TestOutputOfThoseWhoEndMeanwhile: what is kept is read, a job ends, and
// neither what it has left nor what was reserved for it is overlooked.
func TestOutputOfThoseWhoEndMeanwhile(t *testing.T) {
	inBubble(t, 10, func(r *rig) {
		store := &slowSum{Store: r.store}
		r.config.Store = store
		r.withTown().gives("small", glovebox.Quota{OutputBytes: 3000})
		r.start()
		spec := glovebox.Spec{Cmd: []string{"echo", strings.Repeat("x", 1999)}, Limits: glovebox.Limits{Output: 2048}}
		first := r.submitOf("small", spec)
		store.mu.Lock()
		store.while = func() { r.archived(first.ID) }
		store.mu.Unlock()
		second := r.submitOf("small", spec)
		if second.Status != glovebox.StatusPending {
			t.Errorf("2000 of 3000 bytes are kept, and it is %s", second.Status)
		}
		if j := r.archived(second.ID); j.Attempt != 0 || j.Reason != glovebox.ReasonPolicyDenied {
			t.Errorf("%d %s %v", j.Attempt, j.Reason, j.Fault)
		}
	})
}

// TestOutputOfTheLost: a job whose sandbox is gone may still have output on its
// way; until that is final, room is kept for it, after a restart, too.
func TestOutputOfTheLost(t *testing.T) {
	inBubble(t, 10, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{OutputBytes: 3000})
		r.start()
		limits := glovebox.Limits{Output: 2048}
		lost := r.submitOf("small", glovebox.Spec{Cmd: []string{"never"}, Limits: limits})
		r.reaches(lost.ID, glovebox.StatusRunning)
		r.logs.hold(true)
		r.Report(glovebox.Report{Job: lost.ID, Attempt: 1, Resource: gone(r.store.job(lost.ID))})
		r.reaches(lost.ID, glovebox.StatusFailed)
		if j := r.store.job(lost.ID); !glovebox.AllGone(j.Ledger) || j.Output.Sealed {
			t.Fatalf("the case is another one: %+v %+v", j.Ledger, j.Output)
		}
		next := r.submitOf("small", glovebox.Spec{Cmd: []string{"exit", "0"}, Limits: limits})
		for range 2 {
			time.Sleep(5 * time.Second)
			if s := r.status(next.ID); s != glovebox.StatusPending {
				t.Errorf("there is no room for its output, and it is %s", s)
			}
			if u, err := r.Usage(r.t.Context(), "small"); err != nil || u.ConcurrentJobs != 0 || r.Running() != 0 {
				t.Errorf("usage is %+v, %v; %d run", u, err, r.Running())
			}
			r.restart()
		}
		r.logs.hold(false)
		r.allArchived(time.Minute)
		if j := r.store.job(next.ID); j.Outcome != glovebox.StatusCompleted {
			t.Errorf("it is %s, %v", j.Outcome, j.Fault)
		}
	})
}

// gone is the first line of a job's ledger as it is told when nothing is left.
func gone(job glovebox.Job) *glovebox.Resource {
	line := job.Ledger[0]
	line.State = glovebox.ResourceGone
	return &line
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
// the process dies, no tenant ever has more on the node, or more output kept and
// still to be kept, than its quota allows.
func TestNeverAboveQuota(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		quotas := map[string]glovebox.Quota{}
		for _, name := range []string{"a", "b", "c"} {
			q, err := glovebox.Quota{
				ConcurrentJobs: rapid.IntRange(1, 4).Draw(rt, "jobs"),
				CPUs:           float64(rapid.IntRange(2, 9).Draw(rt, "tenths")) / 10,
				Memory:         int64(rapid.IntRange(128, 512).Draw(rt, "memory")) << 20,
				OutputBytes:    int64(rapid.IntRange(2048, 10_000).Draw(rt, "output")),
			}.Complete()
			if err != nil {
				rt.Fatal(err)
			}
			quotas[name] = q
		}
		type move struct {
			tenant string
			limits glovebox.Limits
			cmd    []string
			cancel bool
			dies   bool
		}
		var moves []move
		for range rapid.IntRange(5, 25).Draw(rt, "moves") {
			most := rapid.SampledFrom([]int{1024, 2048}).Draw(rt, "most")
			cmd := []string{"sleep", "2s"}
			if rapid.Bool().Draw(rt, "writes") {
				cmd = []string{"echo", strings.Repeat("x", (most-1)*rapid.IntRange(0, 3).Draw(rt, "thirds")/3)}
			}
			moves = append(moves, move{
				cmd:    cmd,
				tenant: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "tenant"),
				limits: glovebox.Limits{CPUs: float64(rapid.IntRange(1, 3).Draw(rt, "cpus")) / 10,
					Memory: int64(rapid.SampledFrom([]int{64, 100, 128}).Draw(rt, "size")) << 20,
					Output: int64(most)},
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
				spec := glovebox.Spec{Image: "here", Cmd: m.cmd, Limits: m.limits}
				job, _, err := r.Submit(context.Background(), of(m.tenant), spec, nil)
				if err != nil && glovebox.KindOf(err) != glovebox.KindInvalid && glovebox.AsError(err).Field != "quota.outputBytes" { // larger than the quota
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
		n, tenths, memory, output := 0, 0, int64(0), int64(0)
		for _, j := range jobs {
			switch {
			case j.Tenant != tenant || j.Attempt == 0:
			case j.Output.Sealed:
				output += j.Output.Stdout + j.Output.Stderr
			default:
				output += j.Spec.Limits.Output
			}
			if j.Tenant == tenant && j.Attempt > 0 && !glovebox.AllGone(j.Ledger) {
				n, tenths, memory = n+1, tenths+int(j.Spec.Limits.CPUs*10+0.5), memory+j.Spec.Limits.Memory
			}
		}
		if n > q.ConcurrentJobs || tenths > int(q.CPUs*10+0.5) || memory > q.Memory || output > q.OutputBytes {
			return fmt.Errorf("%s has %d jobs, %d tenths of a CPU, %d bytes and %d of output, and its quota is %+v", tenant, n, tenths, memory, output, q)
		}
	}
	return nil
}
