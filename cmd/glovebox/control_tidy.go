package main

import (
	"context"
	"log/slog"
	"time"

	"glovebox"
	"glovebox/identity"
	"glovebox/images"
	"glovebox/orchestrator"
	"glovebox/template"
	"glovebox/upload"
)

// tidying removes, now and then, what should have been removed already.
type tidying struct {
	log       *slog.Logger
	store     glovebox.Store
	ids       *identity.Service // may be nil
	reaper    *orchestrator.Reaper
	collector *images.Collector
	templates *template.Registry
	uploads   *upload.Registry
}

func (t *tidying) loop(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			t.once(ctx, now)
		}
	}
}

func (t *tidying) once(ctx context.Context, now time.Time) {
	if due, err := t.reaper.Round(ctx, now); err != nil {
		t.log.Warn("reaper", "error", err)
	} else if len(due) > 0 {
		t.log.Info("reaper removed what no job accounts for", "count", len(due))
	}
	tidyIdentity(ctx, t.ids, t.store, now, t.log)
	if n, err := t.uploads.Collect(ctx, now, t.filesInUse); err != nil {
		t.log.Warn("collecting uploaded files", "error", err)
	} else if n > 0 {
		t.log.Info("removed uploaded files that nobody used", "count", n)
	}
	if done, err := t.collector.Collect(ctx, now, blobsGrace, t.imagesInUse); err != nil {
		t.log.Warn("collecting unused blobs", "error", err)
	} else if done.Removed > 0 {
		t.log.Info("removed unused blobs", "count", done.Removed, "bytes", done.Bytes)
	}
}

// imagesInUse are those of jobs that are not over and of templates, whose names
// may be gone.
func (t *tidying) imagesInUse(ctx context.Context) (map[string]bool, error) {
	used, err := t.templates.Digests(ctx)
	if err != nil {
		return nil, err
	}
	f := glovebox.JobFilter{Tenant: glovebox.AnyTenant, Unfinished: true, Limit: 1000}
	for {
		page, err := t.store.ListJobs(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, j := range page.Jobs {
			if j.Image.Digest != "" { // empty until the image is resolved
				used[j.Image.Digest] = true
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return used, nil
		}
	}
}
