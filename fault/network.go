package fault

import (
	"context"

	"glovebox"
)

// Links is how an agent gives sandboxes links to the filter.
type Links interface {
	Attach(ctx context.Context, id string) (netns string, err error)
	Open(ctx context.Context, id string, a glovebox.Access, tell func([]glovebox.NetEvent)) ([]glovebox.File, error)
	Change(ctx context.Context, id string, a glovebox.Access) error
	Close(ctx context.Context, id string) error
	Detach(ctx context.Context, id string) error
	Links(ctx context.Context) ([]string, error)
	Residue(ctx context.Context, live map[string]bool) ([]glovebox.Residue, error)
}

// Network makes the calls of a node's network fail: "network." and the
// method's name.
func Network(p *Process, l Links) Links { return &network{l, p} }

type network struct {
	of Links
	p  *Process
}

func (n *network) Attach(ctx context.Context, id string) (string, error) {
	return through(n.p, "network.Attach", func() (string, error) { return n.of.Attach(ctx, id) })
}

func (n *network) Open(ctx context.Context, id string, a glovebox.Access, tell func([]glovebox.NetEvent)) ([]glovebox.File, error) {
	return through(n.p, "network.Open", func() ([]glovebox.File, error) { return n.of.Open(ctx, id, a, tell) })
}

func (n *network) Change(ctx context.Context, id string, a glovebox.Access) error {
	return run(n.p, "network.Change", func() error { return n.of.Change(ctx, id, a) })
}

func (n *network) Close(ctx context.Context, id string) error {
	return run(n.p, "network.Close", func() error { return n.of.Close(ctx, id) })
}

func (n *network) Detach(ctx context.Context, id string) error {
	return run(n.p, "network.Detach", func() error { return n.of.Detach(ctx, id) })
}

func (n *network) Links(ctx context.Context) ([]string, error) {
	return through(n.p, "network.Links", func() ([]string, error) { return n.of.Links(ctx) })
}

func (n *network) Residue(ctx context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	return through(n.p, "network.Residue", func() ([]glovebox.Residue, error) { return n.of.Residue(ctx, live) })
}
