package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

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
	cmd.Flags().StringVar(&f.atStop, "at-stop", endThem, "what becomes of jobs that run longer")
	cmd.Flags().IntSliceVar(&f.operators, "operator-uid", []int{0}, "users who may use the service")
	cmd.Flags().StringVar(&f.public, "public-url", "", "where callers from elsewhere reach the service")
	cmd.Flags().BoolVar(&f.tls, "tls", false, "serve them with TLS")
	cmd.Flags().BoolVar(&f.metrics, "metrics", false, "serve metrics at the socket for them")
	return cmd
}

type controlFlags struct {
	processFlags
	grace     time.Duration
	atStop    string
	operators []int
	public    string
	tls       bool
	metrics   bool
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
	log := newLog(a.stderr, f.format, f.debug, "")
	sockets, err := takeSockets(f)
	if err != nil {
		return err
	}
	p, err := assemble(ctx, layout, f, log)
	if err != nil {
		return err
	}
	defer p.close()
	servers, err := p.servers(layout, f, sockets)
	if err != nil {
		return err
	}
	return p.serve(ctx, stop, servers, f, log)
}

// serve answers until stop ends, and a while longer.
func (p *parts) serve(ctx, stop context.Context, servers servers, f controlFlags, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- p.run(ctx, func() { _ = supervise.NotifyReady() }) }()
	defer func() { cancel(); <-ran }()
	failed := servers.start()
	defer servers.shutDown()
	select {
	case err := <-ran:
		ran <- nil
		return err
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	p.drain(f, log)
	return nil
}

// drain waits until no job runs, or the grace is over; then it ends the rest,
// unless they are handed to the next start.
func (p *parts) drain(f controlFlags, log *slog.Logger) {
	p.refuse()
	end := time.Now().Add(f.grace)
	for p.placed() > 0 && time.Now().Before(end) {
		time.Sleep(50 * time.Millisecond)
	}
	if p.placed() == 0 {
		return
	}
	if f.atStop == handOver {
		log.Warn("the grace is over; jobs that have not ended wait for the next start", "left", p.placed())
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	before := p.placed()
	ended, err := p.abandon(ctx)
	if err != nil {
		log.Warn("running jobs could not be ended; the next start does it", "error", err)
		return
	}
	log.Warn("the grace is over; running jobs are ended, the others wait for the next start", "ended", ended, "left", before-ended)
	for p.placed() > before-ended && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
}

// settleTime bounds how long a stop waits for the ends that it has brought
// about to be recorded and for the sandboxes to be gone.
const settleTime = 5 * time.Second
