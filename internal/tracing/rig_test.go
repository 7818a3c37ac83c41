package tracing_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"glovebox"
	blobs "glovebox/blob/memory"
	"glovebox/internal/jobwatch"
	"glovebox/internal/tracing"
	"glovebox/orchestrator"
	"glovebox/output"
	"glovebox/provider/fake"
	"glovebox/store/memory"
)

// rig is control, traced, with an imaginary node whose agent is traced by
// itself, as if it were another process.
type rig struct {
	*orchestrator.Orchestrator
	t              *testing.T
	node           *fake.Provider
	control, agent *tracing.Tracer
	collector      *collected
}

var me = glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}

func newRig(t *testing.T) *rig {
	t.Helper()
	c := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.server.URL)
	r := &rig{t: t, node: fake.New(1), collector: c, control: open(t, "control"), agent: open(t, "agent")}
	w := jobwatch.New(nil, r.control)
	logs := kept{output.New(blobs.New())}
	shipped := w.Output(logs)
	rt := r.agent.Runtime(sandboxes{})
	r.node.StartTime, r.node.StopTime, r.node.RemoveTime = 5*time.Millisecond, time.Millisecond, 5*time.Millisecond
	r.node.Ship = func(job string, attempt int, p []byte) {
		for range 2 { // the second time as after a lost reply
			if _, err := shipped.Append(t.Context(), job, attempt, "stdout", 0, p); err != nil {
				t.Error(err)
			}
		}
	}
	var did sync.Map
	r.node.Fail = func(s fake.Step, res glovebox.Resource) error { // the agent does its part
		if _, again := did.LoadOrStore(string(s)+res.Name, true); again {
			return nil
		}
		switch s {
		case fake.StepMake:
			_ = rt.Create(t.Context(), glovebox.SandboxSpec{ID: res.Name, Env: []string{"A=" + canaryEnv}, Args: []string{canaryArg}})
			_ = rt.Start(t.Context(), res.Name)
		case fake.StepRemove:
			_ = rt.Destroy(t.Context(), res.Name)
		}
		return nil
	}
	r.Orchestrator = orchestrator.New(orchestrator.Config{
		Store: w.Store(memory.New()), Provider: r.node, Images: shelf{}, Output: logs, Log: slog.New(slog.DiscardHandler), Holder: "a",
	})
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- r.Run(ctx, func() { r.node.Open(r.Orchestrator); close(ready) }) }()
	<-ready
	t.Cleanup(func() { stop(); <-ended })
	return r
}

func open(t *testing.T, process string) *tracing.Tracer {
	t.Helper()
	tr, err := tracing.Open(t.Context(), tracing.Config{Process: process, Version: "test", Getenv: getenv, Log: slog.New(slog.DiscardHandler)})
	if err != nil || tr == nil {
		t.Fatalf("%v, %v", tr, err)
	}
	return tr
}

// archived waits for a job's last status.
func (r *rig) archived(id string) glovebox.Job {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	for version := int64(0); ; {
		job, err := r.Watch(ctx, me, id, version)
		if err != nil {
			r.t.Fatal(err)
		}
		if job.Status == glovebox.StatusArchived {
			return job
		}
		version = job.Version
	}
}

// flush sends what is left.
func (r *rig) flush() {
	r.t.Helper()
	for _, t := range []*tracing.Tracer{r.control, r.agent} {
		if err := t.Close(r.t.Context()); err != nil {
			r.t.Error(err)
		}
	}
}

// kept is the logs as the orchestrator and providers want them.
type kept struct{ *output.Logs }

func (k kept) Append(ctx context.Context, job string, attempt int, stream string, offset int64, p []byte) (int64, error) {
	return k.Logs.Append(ctx, job, attempt, output.Stream(stream), offset, p)
}

func (k kept) Sizes(ctx context.Context, job string, attempt int) (glovebox.StreamSizes, error) {
	s, err := k.Logs.Sizes(ctx, job, attempt)
	return s.Written(), err
}

func (k kept) Forget(ctx context.Context, job string) error { return k.Logs.Forget(ctx, job) }

func (k kept) PutStdin(ctx context.Context, job string, p []byte) error {
	_, err := k.Logs.Append(ctx, job, 0, output.Stdin, 0, p)
	return err
}

func (k kept) Stdin(context.Context, string, int64, func([]byte) error) error { return nil }

// shelf has every image.
type shelf struct{}

func (shelf) Normalize(name string) (string, error) { return name, nil }

func (shelf) Find(_ context.Context, _, name string) (glovebox.Image, error) {
	return glovebox.Image{Name: name, Digest: "sha256:0123"}, nil
}

func (s shelf) Resolve(ctx context.Context, tenant, name, _ string) (glovebox.Image, error) {
	return s.Find(ctx, tenant, name)
}

// sandboxes are a runtime that does nothing, and keeps stdin open.
type sandboxes struct{}

func (sandboxes) Create(context.Context, glovebox.SandboxSpec) error { return nil }
func (sandboxes) Start(context.Context, string) error                { return nil }
func (sandboxes) Wait(context.Context, string) (glovebox.Exit, error) {
	return glovebox.Exit{}, nil
}
func (sandboxes) Signal(context.Context, string, int) error { return nil }
func (sandboxes) Destroy(context.Context, string) error     { return nil }
func (sandboxes) CloseStdin(context.Context, string) error  { return nil }
