package main

import (
	"context"
	"log/slog"
	"net/http"

	"glovebox"
	"glovebox/internal/instance"
)

// parts is what control is made of.
type parts struct {
	api, node http.Handler
	run       func(ctx context.Context, ready func()) error // until ctx ends
	refuse    func()                                        // no new jobs from now on
	placed    func() int                                    // jobs that may be running
	close     func()
}

// assemble ties the knots of control.
func assemble(ctx context.Context, l instance.Layout, f controlFlags, log *slog.Logger) (*parts, error) {
	return nil, glovebox.Errorf(glovebox.KindInternal, "control is not assembled")
}
