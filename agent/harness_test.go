package agent

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/durationpb"

	"glovebox"
	"glovebox/internal/nodev1"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(spoolEnv); dir != "" {
		spoolForEver(dir)
	}
	goleak.VerifyTestMain(m)
}

func duration(d time.Duration) *durationpb.Duration { return durationpb.New(d) }

// rig is a node, a control and the agents that come and go between them.
type rig struct {
	t       testing.TB
	node    *testNode
	control *testControl
	dir     string
	socket  string
	cfg     Config
	boot    string
	agent   *Agent
	stop    func() // the running agent, as kill -9 does
	halt    func(id, step string) bool
	runtime machine // node, or another
}

// machine is what an agent needs of a node.
type machine interface {
	glovebox.Runtime
	glovebox.Inventory
	glovebox.ImageStore
}

func newRig(t testing.TB) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, node: newTestNode(), control: newTestControl(), dir: filepath.Join(dir, "a"),
		socket: filepath.Join(dir, "s"), boot: "boot-1"}
	r.runtime = r.node
	if err := r.control.serve(r.socket); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.stop != nil {
			r.stop()
		}
		r.control.close()
		for id := range r.node.boxes {
			_ = r.node.Destroy(context.Background(), id)
		}
		os.RemoveAll(dir)
	})
	return r
}

// start runs an agent over the rig's folder.
func (r *rig) start() {
	r.t.Helper()
	tr := UnixTransport(r.socket)
	cfg := r.cfg
	cfg.Node, cfg.Dir, cfg.Boot = "node-1", r.dir, r.boot
	cfg.Client, cfg.Runtime, cfg.Inventory, cfg.Images = Client(tr, "http://control"), r.runtime, r.runtime, r.runtime
	if cfg.MaxBackoff == 0 {
		cfg.MaxBackoff = 40 * time.Millisecond
	}
	a, err := New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	a.halt = r.halt
	a.pool.every, a.pool.patience = 50*time.Millisecond, time.Second
	r.control.change(func() { r.control.reqs = nil })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	r.agent = a
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("Run: %v", err)
		}
		tr.CloseIdleConnections()
	})
}

func (r *rig) restart() {
	r.t.Helper()
	r.stop()
	r.start()
}

// job orders a command and returns its sandbox's id.
func (r *rig) job(command func(*proc) int, change ...func(*nodev1.Work)) string {
	r.t.Helper()
	o := r.newOrder(command, change...)
	r.control.order(o)
	return glovebox.SandboxID(o.Job, int(o.Attempt))
}

func (r *rig) newOrder(command func(*proc) int, change ...func(*nodev1.Work)) *nodev1.Order {
	job := glovebox.NewID("job-")
	r.node.mu.Lock()
	r.node.commands[job] = command
	r.node.mu.Unlock()
	return testOrder(job, change...)
}

const testDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func testOrder(job string, change ...func(*nodev1.Work)) *nodev1.Order {
	w := &nodev1.Work{
		Tenant: "local", Runtime: glovebox.RuntimeGVisor, Args: []string{job}, Env: []string{"A=1"}, Workdir: "/",
		Image: &nodev1.Image{Name: "busybox", Digest: testDigest, Config: &nodev1.Blob{Digest: testDigest, Size: 10},
			Layers: []*nodev1.Layer{{Blob: &nodev1.Blob{Digest: testDigest, Size: 10}, DiffId: testDigest}}},
		Timeout: duration(time.Minute),
		Limits:  &nodev1.Limits{Memory: 64 << 20, Cpus: 1, Pids: 10, Disk: 1 << 20, Inodes: 100, Files: 100, Output: 1 << 20},
	}
	for _, f := range change {
		f(w)
	}
	return &nodev1.Order{Job: job, Attempt: 1, Work: w}
}

// until waits for a report of id that cond likes; nil means that it is not named.
func (r *rig) until(id, what string, cond func(*nodev1.Sandbox) bool) *nodev1.Sandbox {
	r.t.Helper()
	deadline := time.After(15 * time.Second)
	for {
		r.control.mu.Lock()
		s, changed := r.control.have[id], r.control.changed
		r.control.mu.Unlock()
		if cond(s) {
			return s
		}
		select {
		case <-changed:
		case <-deadline:
			r.t.Fatalf("%s: not %s; last told: %v", id, what, s)
		}
	}
}

func (r *rig) phase(id string, p nodev1.Phase) *nodev1.Sandbox {
	r.t.Helper()
	return r.until(id, p.String(), func(s *nodev1.Sandbox) bool { return s.GetPhase() == p })
}

func (r *rig) exited(id string) *nodev1.Sandbox {
	r.t.Helper()
	return r.phase(id, nodev1.Phase_PHASE_EXITED)
}

// finished drops the order and waits until nothing is left anywhere.
func (r *rig) finished(id string) {
	r.t.Helper()
	r.called() // by the agent of now
	r.control.drop(id)
	r.until(id, "gone", func(s *nodev1.Sandbox) bool { return s == nil })
	if r.node.box(id) != nil {
		r.t.Errorf("%s is not named any more, but exists", id)
	}
	if _, err := os.Stat(filepath.Join(r.dir, dirSandboxes, id)); err == nil {
		r.t.Errorf("%s is not named any more, but has a folder", id)
	}
}

// called waits until the agent has called.
func (r *rig) called() {
	r.t.Helper()
	eventually(r.t, "first call", func() bool {
		r.control.mu.Lock()
		defer r.control.mu.Unlock()
		return len(r.control.reqs) > 0
	})
}

// shipped waits until control has n bytes of both streams together.
func (r *rig) shipped(id string, n int64) (stdout, stderr string) {
	r.t.Helper()
	eventually(r.t, "output shipped", func() bool {
		c := r.control
		c.mu.Lock()
		defer c.mu.Unlock()
		s := c.sizes(id)
		return s[0]+s[1] >= n
	})
	return r.output(id)
}

func (r *rig) output(id string) (stdout, stderr string) {
	r.control.mu.Lock()
	defer r.control.mu.Unlock()
	r.control.sizes(id)
	return r.control.outputs[id][0].String(), r.control.outputs[id][1].String()
}

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
	}
}

func limits(f func(*nodev1.Limits)) func(*nodev1.Work) {
	return func(w *nodev1.Work) { f(w.Limits) }
}

func withStdin(w *nodev1.Work) { w.Stdin = true }
