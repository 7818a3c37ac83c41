package egress

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"glovebox/egress/filter"
	"glovebox/egress/link"
)

// pauseMost bounds the wait between two starts of the filter.
const pauseMost = 5 * time.Second

// keepFilter starts the filter, and again when it ends. While none runs nothing
// passes: the sockets are nobody's.
func (n *Node) keepFilter(ctx context.Context) {
	for pause := 50 * time.Millisecond; ; {
		began := time.Now()
		err := n.runFilter(ctx)
		if ctx.Err() != nil {
			return
		}
		n.cfg.Log.LogAttrs(ctx, slog.LevelError, "the filter has ended and is started again", slog.Any("error", err))
		if time.Since(began) > time.Minute {
			pause = 50 * time.Millisecond
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, pauseMost)
	}
}

// runFilter runs one filter from its start to its end.
func (n *Node) runFilter(ctx context.Context) error {
	sockets, err := n.router.Sockets()
	if err != nil {
		return err
	}
	client, wait, err := n.startFilter(sockets)
	_ = sockets.Close() // the filter has its own
	if err != nil {
		return err
	}
	n.begin(ctx, client)
	select {
	case <-client.Done():
	case <-ctx.Done():
	}
	n.mu.Lock()
	n.client = nil
	n.mu.Unlock()
	wrong := client.Close()
	if err := wait(); err != nil {
		return fmt.Errorf("the filter's process: %w", err)
	}
	return wrong
}

func (n *Node) startFilter(s link.Sockets) (*filter.Client, func() error, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "filter"), os.NewFile(uintptr(pair[1]), "agent")
	defer theirs.Close()
	conn, err := filter.Conn(ours)
	if err != nil {
		return nil, nil, err
	}
	wait, err := n.cfg.Start(theirs, s)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return filter.NewClient(conn, filter.Callbacks{Pin: n.pin, Unpin: n.unpin, Events: n.tells}), wait, nil
}

// begin gives a new filter what was open with the one before.
func (n *Node) begin(ctx context.Context, client *filter.Client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, o := range n.opened {
		if _, err := client.Open(ctx, o.config); err != nil {
			n.cfg.Log.LogAttrs(ctx, slog.LevelError, "a sandbox's network stays closed", slog.String("link", id), slog.Any("error", err))
		}
	}
	n.client = client
	close(n.came)
	n.came = make(chan struct{})
}
