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
	"glovebox/images"
	"glovebox/internal/instance"
	"glovebox/orchestrator"
	"glovebox/output"
	"glovebox/provider/local"
	"glovebox/store/sqlite"
)

// parts is what control is made of.
type parts struct {
	api, node http.Handler
	run       func(ctx context.Context, ready func()) error // until ctx ends
	refuse    func()                                        // no new jobs from now on
	placed    func() int                                    // jobs that may be running
	abandon   func(ctx context.Context) error               // end those that run
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
	store, err := sqlite.Open(ctx, l.Store())
	if err != nil {
		return nil, err
	}
	blobs, err := folder.Open(l.Blobs())
	if err != nil {
		store.Close()
		return nil, err
	}
	logs := output.New(blobs)
	stock := images.NewStock(blobs, images.DefaultCaps())
	shelf := newShelf(store, stock, l.Tmp())
	provider := local.New(jobOutput{logs}, shelf, log)
	orch := orchestrator.New(orchestrator.Config{
		Store: store, Provider: provider, Images: shelf, Output: jobOutput{logs}, Log: log, Holder: glovebox.NewID("control-"),
	})
	tidy := &tidying{
		log: log, store: store,
		reaper:    &orchestrator.Reaper{Store: store, Provider: provider, Log: log, Grace: tidyGrace},
		collector: &images.Collector{Stock: stock, Images: store},
	}
	return &parts{
		api: api.NewHandler(api.Config{
			Service: orch, Images: shelf, Logs: logs, Auth: api.PeerUsers(f.operators...), Version: buildName(), Log: requestLog(log, f.debug),
		}),
		node: provider.Handler(identifyNode),
		run: func(ctx context.Context, ready func()) error {
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(func() { tidy.loop(ctx) })
			return orch.Run(ctx, func() { provider.Open(orch); ready() })
		},
		refuse: orch.Drain, placed: orch.Running, abandon: orch.Abandon,
		close: func() { shelf.close(); store.Close(); blobs.Close() },
	}, nil
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
