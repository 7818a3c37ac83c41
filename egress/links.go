package egress

import (
	"context"
	"fmt"

	"glovebox"
	"glovebox/egress/filter"
	"glovebox/egress/link"
)

// Where a sandbox finds what goes with its link.
const (
	resolvConf = "/etc/resolv.conf"
	// caFile is the root that a job must trust where the filter reads its
	// requests; it is there only if a rule makes it do so.
	caFile = "/run/glovebox/ca.pem"
)

// Attach makes a link, closed, in a namespace for one sandbox.
func (n *Node) Attach(ctx context.Context, id string) (netns string, err error) {
	s, err := n.router.Make(ctx, id)
	return s.Netns, err
}

// Open lets through what the access names and nothing else, and returns the
// files that the sandbox must have.
func (n *Node) Open(ctx context.Context, id string, a glovebox.Access, tell func([]glovebox.NetEvent)) ([]glovebox.File, error) {
	s, err := n.router.Slot(id)
	if err != nil {
		return nil, err
	}
	client, err := n.current(ctx)
	if err != nil {
		return nil, err
	}
	o := &opened{config: slotConfig(s, a), tell: tell}
	n.mu.Lock()
	known := n.opened[id] != nil
	if !known {
		n.opened[id] = o
	}
	n.mu.Unlock()
	if known {
		return nil, glovebox.Errorf(glovebox.KindConflict, "link %s is open", id)
	}
	ca, err := client.Open(ctx, o.config)
	if err == nil {
		err = n.router.Raise(ctx, id)
	}
	if err != nil {
		_ = n.Close(context.WithoutCancel(ctx), id) // as far as it came
		return nil, err
	}
	return files(s, ca), nil
}

func slotConfig(s link.Slot, a glovebox.Access) filter.SlotConfig {
	c := filter.SlotConfig{ID: s.ID, Addr4: s.Addr4, Addr6: s.Addr6, Rules: a.Egress, Observe: a.Observe}
	for _, h := range a.Headers {
		c.Secrets = append(c.Secrets, filter.Secret{Domain: h.Domain, Header: h.Header, Value: string(h.Value.Reveal())})
	}
	return c
}

func files(s link.Slot, ca []byte) []glovebox.File {
	text := fmt.Appendf(nil, "nameserver %s\nnameserver %s\noptions timeout:2 attempts:2\n", s.Resolver4, s.Resolver6)
	all := []glovebox.File{{Path: resolvConf, Mode: 0o444, Data: glovebox.NewSecretValue(text)}}
	if len(ca) > 0 {
		all = append(all, glovebox.File{Path: caFile, Mode: 0o444, Data: glovebox.NewSecretValue(ca)})
	}
	return all
}

// Change makes another access count.
func (n *Node) Change(ctx context.Context, id string, a glovebox.Access) error {
	s, err := n.router.Slot(id)
	if err != nil {
		return err
	}
	config := slotConfig(s, a)
	n.mu.Lock()
	client, o := n.client, n.opened[id]
	if o != nil {
		o.config = config // of a filter that is started, too
	}
	n.mu.Unlock()
	switch {
	case o == nil:
		return glovebox.Errorf(glovebox.KindNotFound, "link %s is not open", id)
	case client == nil:
		return nil // nothing passes; the next filter begins with it
	}
	if err := client.Change(ctx, config); err != nil {
		return err
	}
	return n.router.Widen(ctx, id, wide(config))
}

// Close cuts everything. A filter that is gone has cut it already.
func (n *Node) Close(ctx context.Context, id string) error {
	n.mu.Lock()
	client, known := n.client, n.opened[id] != nil
	n.mu.Unlock()
	if !known {
		return nil
	}
	var err error
	if client != nil {
		err = client.CloseSlot(ctx, id)
	}
	if glovebox.KindOf(err) == glovebox.KindUnavailable {
		err = nil
	}
	_ = n.router.Lower(ctx, id) // the link goes away next
	n.mu.Lock()
	delete(n.opened, id)
	n.mu.Unlock()
	return err
}

// Detach removes a link.
func (n *Node) Detach(_ context.Context, id string) error { return n.router.Remove(id) }

// Links lists the ids of those of which anything is there.
func (n *Node) Links(context.Context) ([]string, error) { return n.router.List() }

// Residue lists what is left of those that are not live.
func (n *Node) Residue(_ context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	return n.router.Residue(live)
}
