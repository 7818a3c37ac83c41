package runtimetest

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
)

// parker is a System that makes sandboxes before there is a job for them.
type parker interface {
	System
	glovebox.Parker
}

// early is a System that parks a sandbox for every one it is asked for.
type early struct{ parker }

// ahead makes the systems that open returns early ones.
func ahead(open func(testing.TB) System) func(testing.TB) System {
	return func(t testing.TB) System {
		sys, ok := open(t).(parker)
		if !ok {
			t.Fatal("it does not make sandboxes ahead")
		}
		return early{sys}
	}
}

var (
	parkedFrom   = time.Now().UnixNano() % 1e9
	parkedSerial atomic.Int64
)

// parkedID is one that no sandbox has had.
func parkedID() string { return fmt.Sprintf("pool-%d-%d", parkedFrom, parkedSerial.Add(1)) }

// Create parks one, however little time there is for Create itself.
func (e early) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	if s.Parked == "" {
		s.Parked = parkedID()
		if err := e.Park(context.WithoutCancel(ctx), s.Parked, glovebox.Template{Name: glovebox.PoolGeneric}); err != nil {
			return err
		}
	}
	return e.parker.Create(ctx, s)
}

// CloseStdin implements glovebox.StdinCloser where what is below does.
func (e early) CloseStdin(ctx context.Context, id string) error {
	if closer, ok := e.parker.(glovebox.StdinCloser); ok {
		return closer.CloseStdin(ctx, id)
	}
	return nil
}

// Watched implements glovebox.Watcher where what is below does.
func (e early) Watched(ctx context.Context, id string) (glovebox.Observed, error) {
	if w, ok := e.parker.(glovebox.Watcher); ok {
		return w.Watched(ctx, id)
	}
	return glovebox.Observed{}, glovebox.Errorf(glovebox.KindConflict, "nobody watches here")
}

// Collect implements glovebox.Collector where what is below does.
func (e early) Collect(ctx context.Context, id string, w io.Writer) (int, error) {
	if c, ok := e.parker.(glovebox.Collector); ok {
		return c.Collect(ctx, id, w)
	}
	return 0, glovebox.Errorf(glovebox.KindConflict, "nobody collects here")
}
