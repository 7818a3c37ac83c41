package campaign

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"glovebox"
	"glovebox/fault"
	"glovebox/orchestrator"
	"glovebox/output"
	"glovebox/provider/local"
	"glovebox/receipt"
)

// control is a replica of control: whatever process is it at the moment.
type control struct {
	w    *world
	name string
	skew time.Duration // of its clock

	mu    sync.Mutex
	lives int
	now   *life
}

// life is one process of a control.
type life struct {
	*orchestrator.Orchestrator
	process *fault.Process
	handler http.Handler
	ctx     context.Context
}

// reapEvery is the time between two rounds of the reaper.
const reapEvery = 5 * time.Second

// restartTime is how long a process that has died stays dead.
const restartTime = 300 * time.Millisecond

// start starts a process over what is durable.
func (c *control) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lives++
	ctx, cancel := context.WithCancel(background)
	p := c.w.faults.Process(c.name, func() {
		c.mu.Lock()
		c.now = nil
		c.mu.Unlock()
		cancel()
	})
	blobs := fault.Blobs(p, c.w.blobs)
	logs := kept{output.New(blobs)}
	provider := local.New(logs, fault.Layers(p, c.w.shelf), quiet)
	provider.SetAccess(policies{})
	o := orchestrator.New(orchestrator.Config{
		Store: c.w.history.of(fault.Store(p, c.w.records), c.name), Provider: fault.Provider(p, provider), Images: fault.Images(p, c.w.shelf), Output: logs,
		Receipts: fault.Receipts(p, &receipt.Issuer{Keys: c.w.keys, Blobs: blobs, Source: logs}),
		Log:      quiet, Holder: c.name + strconv.Itoa(c.lives), Now: func() time.Time { return time.Now().Add(c.skew) },
		PolicyChanged: func(job glovebox.Job) { provider.PolicyChanged(ctx, job) },
	})
	l := &life{o, p, provider.Handler(func(r *http.Request) (string, error) { return r.Header.Get(as), nil }), ctx}
	c.now = l
	reaper := &orchestrator.Reaper{Store: o.Store, Provider: o.Provider, Log: quiet} // without any grace
	c.w.lives.Go(func() {
		for ctx.Err() == nil {
			rest(ctx, reapEvery)
			_, _ = reaper.Round(ctx, time.Now())
		}
	})
	c.w.lives.Go(func() {
		_ = l.Run(ctx, func() { provider.Open(l) })
		p.Kill() // if it could not begin
		c.w.again(restartTime, c.start)
	})
}

// serving is the process of the moment; nil if there is none.
func (c *control) serving() *life {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// kill ends the process of the moment, if there is one.
func (c *control) kill() {
	if l := c.serving(); l != nil {
		l.process.Kill()
	}
}

var quiet = slog.New(slog.DiscardHandler)

// policies opens what jobs may touch; none of them has a secret.
type policies struct{}

func (policies) Access(_ context.Context, job glovebox.Job) (glovebox.Access, error) {
	p := job.Allowed()
	return glovebox.Access{Revision: job.PolicyRevision, Egress: p.Egress, Observe: p.Observe}, nil
}

// kept is what orchestrator and provider need of the logs.
type kept struct{ *output.Logs }

func (k kept) Append(ctx context.Context, job string, attempt int, stream string, offset int64, p []byte) (int64, error) {
	return k.Logs.Append(ctx, job, attempt, output.Stream(stream), offset, p)
}

func (k kept) Sizes(ctx context.Context, job string, attempt int) (glovebox.StreamSizes, error) {
	s, err := k.Logs.Sizes(ctx, job, attempt)
	return s.Written(), err
}

// Seal removes what former attempts have left, and makes the rest final.
func (k kept) Seal(ctx context.Context, job string, attempt int) error {
	if err := k.ForgetBefore(ctx, job, attempt); err != nil {
		return err
	}
	return k.Logs.Seal(ctx, job, attempt)
}

// Forget removes all that a job has left.
func (k kept) Forget(ctx context.Context, job string) error {
	return k.Logs.Forget(ctx, job, receipt.Prefix(job))
}

// Open implements receipt.Source.
func (k kept) Open(ctx context.Context, job string, attempt int, stream string) (io.ReadCloser, error) {
	return k.Follow(ctx, job, attempt, output.Stream(stream), 0, false)
}

func (k kept) PutStdin(ctx context.Context, job string, p []byte) error {
	if _, err := k.Logs.Append(ctx, job, 0, output.Stdin, 0, p); err != nil {
		return err
	}
	return k.SealStream(ctx, job, 0, output.Stdin)
}

func (k kept) Stdin(ctx context.Context, job string, offset int64, send func([]byte) error) error {
	r, err := k.Follow(ctx, job, 0, output.Stdin, offset, true)
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return send(bytes.Clone(data))
}
