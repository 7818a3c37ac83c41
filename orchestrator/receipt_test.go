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
)

// TestReceiptLast: a job is archived with its receipt, which tells what its node
// said of itself, and not before nothing is left of it.
func TestReceiptLast(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		stuck := glovebox.Errorf(glovebox.KindUnavailable, "stuck")
		r.breaks(func(s fake.Step, _ glovebox.Resource) error {
			if s == fake.StepRemove {
				return stuck
			}
			return nil
		})
		r.start()
		job := r.submit("echo", "hi")
		r.reaches(job.ID, glovebox.StatusCompleted)
		time.Sleep(time.Minute)
		if j := r.store.job(job.ID); j.Receipt != nil || j.Status != glovebox.StatusCompleted {
			t.Errorf("%s with %+v, and its sandbox is there", j.Status, j.Receipt)
		}
		r.breaks(nil)
		r.allArchived(time.Minute)
		if j := r.store.job(job.ID); j.Host == nil || j.Host.Runtime != "fake v1" {
			t.Errorf("it ran in %+v", j.Host)
		}
	})
}

// TestReceiptsAway: while receipts cannot be made jobs wait, with their ends,
// and are archived afterwards.
func TestReceiptsAway(t *testing.T) {
	for _, args := range [][]string{{"echo", "hi"}, {"exit", "7"}} {
		inBubble(t, 2, func(r *rig) {
			faults := r.withFaults()
			r.start()
			back := time.Now().Add(5 * time.Minute)
			faults.set(func(_ int, name string) fate {
				if name == "Issue" && time.Now().Before(back) {
					return fails
				}
				return works
			})
			job := r.submit(args...)
			never := r.submitSpec(glovebox.Spec{Image: "fail:tag_unknown", Cmd: []string{"x"}})
			time.Sleep(4 * time.Minute)
			for _, id := range []string{job.ID, never.ID} {
				if j := r.store.job(id); !j.Status.Ended() || j.Status == glovebox.StatusArchived || j.Outcome == "" {
					t.Errorf("%s without a receipt", j.Status)
				}
			}
			if r.Running() != 0 {
				t.Error("a job that waits for its receipt alone takes room on its node")
			}
			r.allArchived(3 * time.Minute)
		})
	}
}

// TestReceiptOfBefore: a job of a version without receipts, that was stored when
// all was over but the archiving, gets one; one that is archived stays as it is.
func TestReceiptOfBefore(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		over := glovebox.Job{
			ID: "jover", Tenant: me.Tenant, Owner: me.Name, Status: glovebox.StatusFailed, Outcome: glovebox.StatusFailed,
			Reason: glovebox.ReasonInternal, Output: glovebox.Output{Sealed: true}, CreatedAt: time.Now(), EndedAt: time.Now(), Due: time.Now(),
		}
		archived := over
		archived.ID, archived.Status, archived.Due = "jarchived", glovebox.StatusArchived, time.Time{}
		for _, j := range []glovebox.Job{over, archived} {
			if _, _, err := r.store.Store.CreateJob(context.Background(), j, nil); err != nil {
				t.Fatal(err)
			}
		}
		r.start()
		r.until(time.Minute, "the one is archived", func() bool {
			j, err := r.store.Store.Job(context.Background(), me.Tenant, "jover")
			return err == nil && j.Status == glovebox.StatusArchived && j.Receipt != nil
		})
		if j, err := r.store.Store.Job(context.Background(), me.Tenant, "jarchived"); err != nil || j.Receipt != nil {
			t.Errorf("%+v %v", j.Receipt, err)
		}
	})
}

// slowReceipts takes a minute for a job that wrote much.
type slowReceipts struct{ under, most atomic.Int64 }

// Issue implements orchestrator.Receipts.
func (s *slowReceipts) Issue(ctx context.Context, job glovebox.Job) (glovebox.ReceiptRef, error) {
	if job.Output.Stdout > 1<<20 {
		now := s.under.Add(1)
		defer s.under.Add(-1)
		s.most.Store(max(now, s.most.Load()))
		select {
		case <-time.After(time.Minute):
		case <-ctx.Done():
			return glovebox.ReceiptRef{}, ctx.Err()
		}
	}
	return glovebox.ReceiptRef{Digest: "sha256:" + job.ID}, nil
}

// TestLongOutputHoldsUpNobody: more jobs with much output than there are
// workers are read for their receipts, few at one time, and others end
// meanwhile.
func TestLongOutputHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 100)
		slow := &slowReceipts{}
		r.config.Receipts, r.config.Log = slow, slog.New(slog.DiscardHandler)
		for i := range 20 {
			j := glovebox.Job{
				ID: "jlong" + string(rune('a'+i)), Tenant: me.Tenant, Owner: me.Name, Status: glovebox.StatusCompleted, Outcome: glovebox.StatusCompleted,
				Spec: glovebox.Spec{Attempts: 1}, Attempt: 1, Output: glovebox.Output{Stdout: 1 << 30, Sealed: true}, CreatedAt: time.Now(), EndedAt: time.Now(), Due: time.Now(),
			}
			if _, _, err := r.store.Store.CreateJob(context.Background(), j, nil); err != nil {
				t.Fatal(err)
			}
		}
		r.start()
		job := r.submit("exit", "0")
		if took := r.archived(job.ID).ArchivedAt.Sub(job.CreatedAt); took > 30*time.Second {
			t.Errorf("a short job took %s", took)
		}
		r.until(time.Hour, "all are archived", func() bool {
			page, err := r.store.Store.ListJobs(context.Background(), glovebox.JobFilter{Tenant: me.Tenant, Unfinished: true, Limit: 100})
			return err == nil && len(page.Jobs) == 0
		})
		if n := slow.most.Load(); n != 2 {
			t.Errorf("%d were read at one time", n)
		}
		r.stop()
	})
}

var _ orchestrator.Receipts = &slowReceipts{}
