package orchestrator_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
)

// stored says whether the store still has a job.
func (r *rig) stored(id string) bool {
	r.t.Helper()
	_, err := r.store.Job(r.t.Context(), glovebox.AnyTenant, id)
	if err != nil && glovebox.KindOf(err) != glovebox.KindNotFound {
		r.t.Fatal(err)
	}
	return err == nil
}

// TestForgotten: a job is there until its time is over and soon afterwards not:
// neither its record nor its output nor its part of the tenant's quota, and the
// audit log says so.
func TestForgotten(t *testing.T) {
	inBubble(t, 2, func(r *rig) {
		r.start()
		short := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"echo", "hi"}, Stdin: []byte("x"), Retention: glovebox.Duration(time.Hour)}).ID
		long := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"echo", "ho"}, Retention: glovebox.Duration(2 * time.Hour)}).ID
		job := r.archived(short)
		r.archived(long)
		if !job.Due.Equal(job.ArchivedAt.Add(time.Hour)) {
			t.Errorf("archived at %s, kept until %s", job.ArchivedAt, job.Due)
		}
		time.Sleep(time.Until(job.Due) - time.Second)
		if !r.stored(short) || r.logs.kept(short) == 0 {
			t.Error("forgotten too soon")
		}
		time.Sleep(10 * time.Second)
		if r.stored(short) || r.logs.kept(short) != 0 || !r.stored(long) || r.logs.kept(long) == 0 {
			t.Errorf("after its time: stored %v with %d, the other %v with %d", r.stored(short), r.logs.kept(short), r.stored(long), r.logs.kept(long))
		}
		if kept, err := r.store.KeptOutput(r.t.Context(), me.Tenant); err != nil || kept != 3 {
			t.Errorf("the tenant keeps %d, %v", kept, err)
		}
		if got, want := r.verbs(short), []string{"job.submit", "job.end", "job.delete"}; !slices.Equal(got, want) {
			t.Errorf("told: %v, want %v", got, want)
		}
		time.Sleep(time.Hour)
		if r.stored(long) {
			t.Error("the other is kept for ever")
		}
	})
}

// TestRetentionOfTenant: a job may ask for less than its tenant has, not for more.
func TestRetentionOfTenant(t *testing.T) {
	inBubble(t, 2, func(r *rig) {
		tenant := glovebox.DefaultTenant(me.Tenant)
		tenant.Retention = glovebox.Duration(2 * time.Hour)
		r.config.Tenants = oneTenant{tenant}
		r.start()
		_, _, err := r.Submit(r.t.Context(), me, glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Retention: glovebox.Duration(3 * time.Hour)}, nil)
		if e := glovebox.AsError(err); err == nil || e.Kind != glovebox.KindInvalid || e.Field != "retention" || e.Hint == "" {
			t.Errorf("more than the tenant has: %v", err)
		}
		for asked, want := range map[time.Duration]time.Duration{0: 2 * time.Hour, time.Minute: time.Minute} {
			job := r.archived(r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Retention: glovebox.Duration(asked)}).ID)
			if got := job.Due.Sub(job.ArchivedAt); got != want || job.Spec.Retention != glovebox.Duration(asked) {
				t.Errorf("%s asked: kept for %s", asked, got)
			}
		}
	})
}

type oneTenant struct{ t glovebox.Tenant }

func (o oneTenant) Tenant(context.Context, string) (glovebox.Tenant, error) { return o.t, nil }

// TestForgetFails: whichever call of the store or the logs fails, or dies with
// its reply lost, the job is gone in the end, its output before its record, and
// there is one event of it.
func TestForgetFails(t *testing.T) {
	for _, call := range []string{"ExpiredJobs", "DeleteJob", "Forget"} {
		for name, x := range map[string]fate{"before": fails, "reply lost": loses} {
			t.Run(call+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, 1)
					hits := 0
					decide := func(_ int, name string) fate {
						if name == call && hits < 3 {
							hits++
							return x
						}
						return works
					}
					faults := r.withFaults()
					faults.set(decide)
					r.config.Output = &failingForget{r.logs, faults, r}
					r.start()
					id := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"echo", "hi"}, Retention: glovebox.Duration(time.Minute)}).ID
					r.archived(id)
					r.until(2*time.Minute, "it is forgotten", func() bool { return !r.stored(id) })
					time.Sleep(time.Minute)
					if n := r.logs.kept(id); n != 0 || hits == 0 {
						t.Errorf("%d bytes are left after %d faults", n, hits)
					}
					if got, want := r.verbs(id), []string{"job.submit", "job.end", "job.delete"}; !slices.Equal(got, want) {
						t.Errorf("told: %v, want %v", got, want)
					}
					r.stop()
				})
			})
		}
	}
}

// failingForget are logs whose Forget fails as the store does.
type failingForget struct {
	*logs
	faults *faultStore
	r      *rig
}

func (f *failingForget) Forget(ctx context.Context, job string) error {
	if !f.r.stored(job) {
		f.r.t.Errorf("%s is removed before what is kept of it", job)
	}
	_, err := through(f.faults, "Forget", func() (struct{}, error) { return struct{}{}, f.logs.Forget(ctx, job) })
	return err
}

// TestDelete: who asks is told at once; only what is archived goes, and only at
// the version that was seen.
func TestDelete(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		id := r.submit("never").ID
		job := r.reaches(id, glovebox.StatusRunning)
		refused := func(version int64, kind glovebox.Kind) {
			t.Helper()
			if err := r.Delete(r.t.Context(), me, id, version); glovebox.KindOf(err) != kind {
				t.Errorf("version %d: %v, want %s", version, err, kind)
			}
		}
		refused(job.Version, glovebox.KindConflict)
		if _, err := r.Cancel(r.t.Context(), me, id); err != nil {
			t.Fatal(err)
		}
		job = r.archived(id)
		refused(job.Version-1, glovebox.KindStale)
		if err := r.Delete(r.t.Context(), glovebox.Principal{Name: "eve", Tenant: "other"}, id, job.Version); glovebox.KindOf(err) != glovebox.KindNotFound {
			t.Errorf("eve: %v", err)
		}
		if !r.stored(id) {
			t.Fatal("a refusal has removed it")
		}
		if err := r.Delete(r.t.Context(), me, id, job.Version); err != nil || r.stored(id) || r.logs.kept(id) != 0 {
			t.Errorf("%v, stored %v", err, r.stored(id))
		}
		refused(job.Version, glovebox.KindNotFound)
		if got, want := r.verbs(id), []string{"job.submit", "job.cancel", "job.end", "job.delete"}; !slices.Equal(got, want) {
			t.Errorf("told: %v, want %v", got, want)
		}
	})
}

// TestManyDue: a heap of jobs that are due at once is worked off at a bounded
// rate, and jobs that run meanwhile are not kept waiting by it.
func TestManyDue(t *testing.T) {
	const heap = 1000
	inBubble(t, 10, func(r *rig) {
		old := time.Now().Add(-time.Hour)
		for n := range heap {
			job := glovebox.Job{ID: fmt.Sprintf("old-%d", n), Tenant: me.Tenant, Status: glovebox.StatusArchived, Outcome: glovebox.StatusCompleted,
				CreatedAt: old, ArchivedAt: old, Due: old}
			if _, _, err := r.store.Store.CreateJob(r.t.Context(), job, nil); err != nil {
				t.Fatal(err)
			}
		}
		faults := r.withFaults()
		faults.set(func(_ int, name string) fate {
			if name == "DeleteJob" {
				return fails
			}
			return works
		})
		r.start()
		id := r.submit("silent").ID
		if _, err := r.Cancel(r.t.Context(), me, id); err != nil {
			t.Fatal(err)
		}
		r.until(2*time.Minute, "a job that is overdue is seen behind the heap", func() bool { return r.status(id).Ended() })
		faults.set(func(int, string) fate { return works })
		began := time.Now()
		r.until(5*time.Minute, "all are gone", func() bool {
			expired, err := r.store.ExpiredJobs(r.t.Context(), time.Now(), 1)
			return err == nil && len(expired) == 0
		})
		if took := time.Since(began); took < heap*time.Millisecond {
			t.Errorf("%d were forgotten within %s", heap, took)
		}
	})
}

// TestDateOld: what an older version wanted to keep for ever is kept for the
// usual time from now on, also if the first walk is broken off; the next start
// walks no more.
func TestDateOld(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		old := time.Now().Add(-10_000 * time.Hour)
		for n := range 250 {
			job := glovebox.Job{ID: fmt.Sprintf("old-%d", n), Tenant: me.Tenant, Status: glovebox.StatusArchived, Outcome: glovebox.StatusCompleted,
				CreatedAt: old.Add(time.Duration(n)), ArchivedAt: old}
			if _, _, err := r.store.Store.CreateJob(r.t.Context(), job, nil); err != nil {
				t.Fatal(err)
			}
		}
		faults := r.withFaults()
		calls := 0
		faults.set(func(_ int, name string) fate {
			if name == "UpdateJob" {
				if calls++; calls == 120 {
					return fails
				}
			}
			return works
		})
		r.start()
		r.DateOld(r.t.Context())
		for n := range 250 {
			job, err := r.store.Job(r.t.Context(), me.Tenant, fmt.Sprintf("old-%d", n))
			if err != nil || time.Until(job.Due) < glovebox.DefaultRetention-time.Hour || time.Until(job.Due) > glovebox.DefaultRetention {
				t.Fatalf("job %d is kept until %s, %v", n, job.Due, err)
			}
		}
		calls = 0
		faults.set(func(_ int, name string) fate {
			if name == "ListJobs" {
				t.Error("it walks again")
			}
			return works
		})
		r.DateOld(r.t.Context())
	})
}
