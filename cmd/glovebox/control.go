package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/agent"
	"glovebox/api"
	"glovebox/internal/supervise"
)

func (a *app) controlCommand() *cobra.Command {
	var f controlFlags
	cmd := &cobra.Command{
		Use: "control", Short: "Serve the API and decide (started by `glovebox up`)", Hidden: true, Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.control(cmd.Context(), f) },
	}
	f.define(cmd.Flags())
	cmd.Flags().DurationVar(&f.grace, "grace", 10*time.Second, "how long running jobs may go on at a stop")
	cmd.Flags().IntSliceVar(&f.operators, "operator-uid", []int{0}, "users who may use the service")
	return cmd
}

type controlFlags struct {
	processFlags
	grace     time.Duration
	operators []int
}

// control serves its two inherited sockets until it is told to stop; then it
// refuses new jobs, waits for the running ones as long as they may take, and
// ends. Callers can read and cancel all that time.
func (a *app) control(ctx context.Context, f controlFlags) error {
	nameProcess()
	stop, cancel := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer cancel()
	layout, err := a.layout()
	if err != nil {
		return err
	}
	apiSocket, err := inheritedListener(fileAPI)
	if err != nil {
		return err
	}
	nodeSocket, err := inheritedListener(fileNode)
	if err != nil {
		return err
	}
	log := newLog(a.stderr, f.format, f.debug, "")
	p, err := assemble(ctx, layout, f, log)
	if err != nil {
		return err
	}
	defer p.close()
	return p.serve(ctx, stop, apiSocket, nodeSocket, f.grace, log)
}

// serve answers until stop ends, and a while longer.
func (p *parts) serve(ctx, stop context.Context, apiSocket, nodeSocket net.Listener, grace time.Duration, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	ran, failed := make(chan error, 1), make(chan error, 2)
	apiServer, nodeServer := api.NewServer(p.api), newNodeServer(p.node)
	go func() { ran <- p.run(ctx, func() { _ = supervise.NotifyReady() }) }()
	defer func() { cancel(); <-ran }()
	go func() { failed <- served(apiServer.Serve(apiSocket)) }()
	go func() { failed <- served(nodeServer.Serve(nodeSocket)) }()
	defer shutDown(apiServer, nodeServer)
	select {
	case err := <-ran:
		ran <- nil
		return err
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	p.drain(grace, log)
	return nil
}

// drain waits until no job runs, or the grace is over; then it ends the rest.
func (p *parts) drain(grace time.Duration, log *slog.Logger) {
	p.refuse()
	end := time.Now().Add(grace)
	for p.placed() > 0 && time.Now().Before(end) {
		time.Sleep(50 * time.Millisecond)
	}
	if p.placed() == 0 {
		return
	}
	log.Warn("jobs that still run are ended; those that have not started wait for the next start", "count", p.placed())
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	if err := p.abandon(ctx); err != nil {
		log.Warn("running jobs could not be ended; the next start does it", "error", err)
		return
	}
	for p.placed() > 0 && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
}

// settleTime bounds how long a stop waits for the ends that it has brought
// about to be recorded and for the sandboxes to be gone.
const settleTime = 5 * time.Second

func inheritedListener(name string) (net.Listener, error) {
	f := supervise.Inherited(name)
	if f == nil {
		return nil, glovebox.Errorf(glovebox.KindUsage, "control is started by `glovebox up`, which gives it its sockets")
	}
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "take over the socket %s: %w", name, err)
	}
	return l, nil
}

// newNodeServer serves the agent: HTTP/2 without TLS, for streams in both
// directions. The socket is open to root alone.
func newNodeServer(h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, Protocols: new(http.Protocols), ConnContext: withPeerUID}
	s.Protocols.SetUnencryptedHTTP2(true)
	s.Protocols.SetHTTP1(true)
	s.HTTP2 = agent.HTTP2()
	return s
}

func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return glovebox.Errorf(glovebox.KindInternal, "serve: %w", err)
}

// shutDown lets callers' short calls end; their streams break off, and so do the
// agent's calls: both know how to go on.
func shutDown(callers, node *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if callers.Shutdown(ctx) != nil {
		_ = callers.Close()
	}
	_ = node.Close()
}
