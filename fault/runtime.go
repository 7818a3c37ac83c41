package fault

import (
	"context"
	"io"

	"glovebox"
)

// Machine is everything that a node's agent asks of what it stands on and that
// runtime/fake has.
type Machine interface {
	glovebox.Runtime
	glovebox.Inventory
	glovebox.ImageStore
	glovebox.Parker
	glovebox.Saver
	glovebox.Watcher
	glovebox.Collector
}

// Runtime makes the calls of a node's runtime fail: "runtime.", "inventory.",
// "unpack.", "parker.", "saver.", "watcher." or "collector.", and the method's
// name.
func Runtime(p *Process, m Machine) Machine { return &machine{m, p} }

type machine struct {
	Machine
	p *Process
}

func (m *machine) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	return run(m.p, "runtime.Create", func() error { return m.Machine.Create(ctx, s) })
}

// Start says KindNodeLost if it may have started the command, as it must.
func (m *machine) Start(ctx context.Context, id string) error {
	_, err := throughAs(m.p, "runtime.Start", glovebox.KindNodeLost, func() (struct{}, error) {
		return struct{}{}, m.Machine.Start(ctx, id)
	})
	return err
}

func (m *machine) Wait(ctx context.Context, id string) (glovebox.Exit, error) {
	return through(m.p, "runtime.Wait", func() (glovebox.Exit, error) { return m.Machine.Wait(ctx, id) })
}

func (m *machine) Signal(ctx context.Context, id string, signal int) error {
	return run(m.p, "runtime.Signal", func() error { return m.Machine.Signal(ctx, id, signal) })
}

func (m *machine) Destroy(ctx context.Context, id string) error {
	return run(m.p, "runtime.Destroy", func() error { return m.Machine.Destroy(ctx, id) })
}

func (m *machine) List(ctx context.Context) ([]glovebox.Found, error) {
	return through(m.p, "inventory.List", func() ([]glovebox.Found, error) { return m.Machine.List(ctx) })
}

func (m *machine) Residue(ctx context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	return through(m.p, "inventory.Residue", func() ([]glovebox.Residue, error) { return m.Machine.Residue(ctx, live) })
}

func (m *machine) EnsureImage(ctx context.Context, img glovebox.Image, fetch glovebox.FetchBlob) error {
	return run(m.p, "unpack.EnsureImage", func() error { return m.Machine.EnsureImage(ctx, img, fetch) })
}

func (m *machine) ImageDigests(ctx context.Context) ([]string, error) {
	return through(m.p, "unpack.ImageDigests", func() ([]string, error) { return m.Machine.ImageDigests(ctx) })
}

func (m *machine) RemoveImage(ctx context.Context, digest string) error {
	return run(m.p, "unpack.RemoveImage", func() error { return m.Machine.RemoveImage(ctx, digest) })
}

func (m *machine) Park(ctx context.Context, id string, t glovebox.Template) error {
	return run(m.p, "parker.Park", func() error { return m.Machine.Park(ctx, id, t) })
}

func (m *machine) Save(ctx context.Context, id, name string, end bool) (glovebox.Snapshot, error) {
	return through(m.p, "saver.Save", func() (glovebox.Snapshot, error) { return m.Machine.Save(ctx, id, name, end) })
}

func (m *machine) Snapshots(ctx context.Context) ([]glovebox.Snapshot, error) {
	return through(m.p, "saver.Snapshots", func() ([]glovebox.Snapshot, error) { return m.Machine.Snapshots(ctx) })
}

func (m *machine) RemoveSnapshot(ctx context.Context, name string) error {
	return run(m.p, "saver.RemoveSnapshot", func() error { return m.Machine.RemoveSnapshot(ctx, name) })
}

func (m *machine) Watched(ctx context.Context, id string) (glovebox.Observed, error) {
	return through(m.p, "watcher.Watched", func() (glovebox.Observed, error) { return m.Machine.Watched(ctx, id) })
}

func (m *machine) Collect(ctx context.Context, id string, w io.Writer) (int, error) {
	return through(m.p, "collector.Collect", func() (int, error) { return m.Machine.Collect(ctx, id, w) })
}
