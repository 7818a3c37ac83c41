package egress

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"sync"

	"glovebox"
	"glovebox/egress/filter"
	"glovebox/egress/link"
)

// Config is what a Node needs.
type Config struct {
	Dir string // of the namespaces; for this node alone, best in memory

	// Prefix4 and Prefix6 are the addresses that sandboxes see; nothing outside
	// does. Default 100.64.0.0/12 and fd67:6c6f:7665::/48.
	Prefix4, Prefix6 netip.Prefix

	// Start starts the filter's process over one end of a channel and its
	// sockets, whose files it does not close. wait returns when the process has
	// ended, which it does when the channel's other end is closed.
	Start func(control *os.File, s link.Sockets) (wait func() error, err error)

	Log *slog.Logger
}

var (
	defaultPrefix4 = netip.MustParsePrefix("100.64.0.0/12")
	defaultPrefix6 = netip.MustParsePrefix("fd67:6c6f:7665::/48")
)

// Node gives sandboxes their links; it implements agent.Network. Make it with
// Open, and Run it. Its methods may be called at the same time.
type Node struct {
	cfg    Config
	router *link.Router

	mu     sync.Mutex
	client *filter.Client // of the filter that runs; nil while none does
	came   chan struct{}  // closed and replaced when client is set
	opened map[string]*opened
}

// opened is what is let through one link.
type opened struct {
	config filter.SlotConfig
	mu     sync.Mutex // held while told
	tell   func([]glovebox.NetEvent)
}

// Open makes the node's network, or adopts that of an earlier process.
func Open(c Config) (*Node, error) {
	if !c.Prefix4.IsValid() {
		c.Prefix4 = defaultPrefix4
	}
	if !c.Prefix6.IsValid() {
		c.Prefix6 = defaultPrefix6
	}
	router, err := link.Open(link.Config{Dir: c.Dir, Prefix4: c.Prefix4, Prefix6: c.Prefix6, Forbidden: filter.Forbidden})
	if err != nil {
		return nil, err
	}
	return &Node{cfg: c, router: router, came: make(chan struct{}), opened: map[string]*opened{}}, nil
}

// Run keeps a filter going until ctx ends, and tells what the kernel refused.
// It closes everything but the links, which are for the next process.
func (n *Node) Run(ctx context.Context) {
	var told sync.WaitGroup
	told.Go(n.tellRefusals)
	n.keepFilter(ctx)
	_ = n.router.Close() // nothing is left to do with it
	told.Wait()
}

// current is the filter's client, once there is one.
func (n *Node) current(ctx context.Context) (*filter.Client, error) {
	for {
		n.mu.Lock()
		client, came := n.client, n.came
		n.mu.Unlock()
		if client != nil {
			return client, nil
		}
		select {
		case <-came:
		case <-ctx.Done():
			return nil, glovebox.Errorf(glovebox.KindUnavailable, "the filter does not run: %w", ctx.Err())
		}
	}
}

// tells passes events of one link on, never two at a time.
func (n *Node) tells(id string, events []glovebox.NetEvent) {
	n.mu.Lock()
	o := n.opened[id]
	n.mu.Unlock()
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tell(events)
}
