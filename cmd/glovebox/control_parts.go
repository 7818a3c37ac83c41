package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/blob/folder"
	"glovebox/egress/filter"
	"glovebox/identity"
	"glovebox/images"
	"glovebox/internal/instance"
	"glovebox/internal/metrics"
	"glovebox/orchestrator"
	"glovebox/output"
	"glovebox/provider/local"
	"glovebox/store/sqlite"
	"glovebox/template"
	"glovebox/tenant"
	"glovebox/upload"
)

// parts is what control is made of.
type parts struct {
	api, node http.Handler
	metrics   *metrics.Metrics                              // nil if nobody counts
	public    http.Handler                                  // nil if nobody from elsewhere is served
	run       func(ctx context.Context, ready func()) error // until ctx ends
	refuse    func()                                        // no new jobs from now on
	placed    func() int                                    // jobs that may be running
	abandon   func(ctx context.Context) (int, error)        // end those that run
	close     func()
}

// How often control looks for what nobody thought of, and how long a thing may
// look superfluous before it is taken away.
const (
	tidyEvery  = time.Minute
	tidyGrace  = 2 * time.Minute
	blobsGrace = 30 * time.Minute
)

// assemble ties the knots of control.
func assemble(ctx context.Context, l instance.Layout, f controlFlags, log *slog.Logger) (*parts, error) {
	db, err := sqlite.Open(ctx, l.Store())
	if err != nil {
		return nil, err
	}
	files, err := folder.Open(l.Blobs())
	if err != nil {
		db.Close()
		return nil, err
	}
	var orch *orchestrator.Orchestrator
	var ids *identity.Service
	var provider *local.Provider
	seen, err := openObservers(ctx, f, gauges{
		jobs: db, placed: func() int { return orch.Running() },
		waiting:  func() int { return orch.Waiting() },
		pools:    func() []glovebox.PoolStatus { return provider.Pools() },
		sessions: func(ctx context.Context) (int, error) { return ids.CountSessions(ctx) },
	}, log)
	if err != nil {
		db.Close()
		files.Close()
		return nil, err
	}
	store, blobs := seen.store(db), seen.blobs(files)
	if ids, err = openIdentity(ctx, store, f.public); err != nil {
		db.Close()
		files.Close()
		return nil, err
	}
	logs := output.New(blobs)
	stock := images.NewStock(blobs, images.DefaultCaps())
	shelf := newShelf(store, stock, l.Tmp())
	provider = local.New(seen.output(jobOutput{logs}), shelf, log)
	observed := seen.provider(provider)
	registry := tenant.Open(store, time.Now)
	templates := template.Open(store, shelf, time.Now)
	handed := upload.Open(store, blobs, l.Tmp(), time.Now)
	secrets, err := openSecrets(l, store)
	if err != nil {
		db.Close()
		files.Close()
		return nil, err
	}
	receipts, err := openReceipts(l, store, blobs, logs, log)
	if err != nil {
		db.Close()
		files.Close()
		return nil, err
	}
	provider.SetAccess(jobAccess{secrets})
	provider.SetFiles(handed)
	templates.Saving(savedJobs{provider, store})
	orch = orchestrator.New(orchestrator.Config{
		Tenants: registry, Templates: origins{templates, shelf}, Secrets: secrets, Files: handed, Receipts: receipts, Store: store, Provider: observed, Images: shelf, Output: jobOutput{logs}, Log: log, Holder: glovebox.NewID("control-"),
		Forbidden: filter.Forbidden, PolicyChanged: func(job glovebox.Job) { go provider.PolicyChanged(ctx, job) },
	})
	tidy := &tidying{
		log: log, store: store, ids: ids, templates: templates, uploads: handed,
		reaper:    &orchestrator.Reaper{Store: store, Provider: observed, Log: log, Grace: tidyGrace},
		collector: &images.Collector{Stock: stock, Images: store},
	}
	config := api.Config{
		Service: orch, Images: shelf, Logs: logs, Auth: api.PeerUsers(f.operators...), Audit: store, Records: store,
		Tenants: registry, Pools: provider, Templates: templates, Secrets: secrets, Files: uploads{handed}, Receipts: receipts, Forbidden: filter.Forbidden,
		PublicURL: f.public, Version: buildName(), Log: requestLog(log, f.debug), Observe: seen.requests(),
	}
	if ids != nil {
		config.Auth, config.Allow, config.Identity, config.Approvals = api.Callers(config.Auth, ids), ids.Authorize, ids, ids
	}
	p := &parts{
		api: seen.handler(api.NewHandler(config)), metrics: seen.metrics,
		node: provider.Handler(identifyNode),
		run: func(ctx context.Context, ready func()) error {
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(func() { tidy.loop(ctx) })
			wg.Go(func() { orch.DateOld(ctx) })
			wg.Go(func() { templates.Follow(ctx, provider.SetTemplates) })
			wg.Go(func() { reseal(ctx, secrets, log) })
			return orch.Run(ctx, func() { provider.Open(orch); ready() })
		},
		refuse: orch.Drain, placed: orch.Running, abandon: orch.Abandon,
		close: func() { shelf.close(); db.Close(); files.Close(); seen.close() },
	}
	if ids != nil {
		if p.public, err = publicHandler(p.api, f.public); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

// requestLog is for one line about each request, which is too much to keep
// unless somebody is looking for something; what went wrong by our fault stays.
func requestLog(log *slog.Logger, debug bool) *slog.Logger {
	if debug {
		return log
	}
	return slog.New(atLeast{log.Handler(), slog.LevelWarn})
}

// atLeast drops records below a level.
type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}
