package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/engine"
	"glovebox/internal/instance"
	"glovebox/store/sqlite"
)

// settled is what a restored store has in it.
type settled struct {
	Jobs  int `json:"jobs"`
	Ended int `json:"ended"` // that had not ended before
}

func (a *app) restoreSettleCommand() *cobra.Command {
	var taken string
	cmd := &cobra.Command{
		Use: "restore-settle", Short: "Make a restored store ready (started by `glovebox restore`)", Hidden: true, Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.asChild(cmd.Context(), func(ctx context.Context) error { return a.restoreSettle(ctx, taken) })
		},
	}
	cmd.Flags().StringVar(&taken, "taken", "", "time of the backup")
	return cmd
}

// settleAsControl has control's user look through the store: it came from a file
// that somebody may have made up, so root does not parse it.
func settleAsControl(ctx context.Context, i *instance.Instance, taken time.Time) (settled, error) {
	cmd := asControl(ctx, i.Layout, i.ControlUID, "restore-settle", "--taken", taken.Format(time.RFC3339Nano))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		return settled{}, glovebox.Errorf(glovebox.KindInternal, "start control's user: %w", err)
	}
	if err := childError(cmd.Wait(), errs.String(), "make the restored store ready"); err != nil {
		return settled{}, err
	}
	var s settled
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		return settled{}, glovebox.Errorf(glovebox.KindInternal, "control's user does not say what is in the store: %w", err)
	}
	return s, nil
}

// restoreSettle brings the store up to date and every job that was under way to
// its end.
func (a *app) restoreSettle(ctx context.Context, taken string) error {
	at, err := time.Parse(time.RFC3339Nano, taken)
	if err != nil {
		return glovebox.Errorf(glovebox.KindUsage, "%w", err)
	}
	l, err := a.layout()
	if err != nil {
		return err
	}
	if _, err := sqlite.Check(ctx, l.Store()); err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, l.Store())
	if err != nil {
		return err
	}
	s, err := settleJobs(ctx, store, at, time.Now())
	if closed := store.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(a.stdout).Encode(s)
}

func settleJobs(ctx context.Context, store glovebox.Store, taken, now time.Time) (settled, error) {
	var s settled
	all := glovebox.JobFilter{Tenant: glovebox.AnyTenant, Limit: 1000}
	for {
		page, err := store.ListJobs(ctx, all)
		if err != nil {
			return s, err
		}
		s.Jobs += len(page.Jobs)
		ended, err := settlePage(ctx, store, page.Jobs, taken, now)
		if err != nil {
			return s, err
		}
		s.Ended += ended
		if all.Cursor = page.Next; all.Cursor == "" {
			break
		}
	}
	return s, store.Commit(ctx, nil, glovebox.AuditEvent{
		Tenant: glovebox.LocalTenant, At: now, Actor: "uid:0", Action: "server.restore", OK: true,
		Detail: map[string]string{"taken": taken.UTC().Format(time.RFC3339), "jobs": strconv.Itoa(s.Jobs), "ended": strconv.Itoa(s.Ended)},
	})
}

// settlePage writes all of a page at once, so that they share their syncs.
func settlePage(ctx context.Context, store glovebox.Store, jobs []glovebox.Job, taken, now time.Time) (ended int, err error) {
	var wg sync.WaitGroup
	errs := make([]error, len(jobs))
	for n, job := range jobs {
		next, changed := engine.Restored(job, taken, now)
		if !changed {
			continue
		}
		var events []glovebox.AuditEvent
		if !job.Status.Ended() {
			ended++
			events = append(events, restoredEvent(next, now))
		}
		wg.Go(func() { _, errs[n] = store.UpdateJob(ctx, next, glovebox.Lazy, events...) })
	}
	wg.Wait()
	return ended, errors.Join(errs...)
}

// restoredEvent is the event of a job's end, as the orchestrator tells it.
func restoredEvent(job glovebox.Job, now time.Time) glovebox.AuditEvent {
	detail := map[string]string{"outcome": string(job.Outcome)}
	if job.Reason != "" {
		detail["reason"] = string(job.Reason)
	}
	return glovebox.AuditEvent{Tenant: job.Tenant, At: now, Action: "job.end", Target: job.ID, OK: true, Detail: detail}
}
