package agent

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// testNode is a machine for the agent's tests: a Runtime, an Inventory and an
// ImageStore. It outlives agents, as a real one does. A command is a Go
// function, named by args[0].
type testNode struct {
	mu       sync.Mutex
	commands map[string]func(p *proc) int
	boxes    map[string]*box
	residue  []glovebox.Residue
	calls    []string                                        // "step id", in order
	fail     map[string]func(id string) error                // by step
	fetch    func(context.Context, glovebox.FetchBlob) error // what EnsureImage does
	creating atomic.Int32                                    // Create calls under way
	most     atomic.Int32                                    // at one time
	ran      map[string]int                                  // how often each was started
}

type box struct {
	spec    glovebox.SandboxSpec
	started bool
	held    []*os.File // reading ends of the output, so that an agent's death is no EPIPE
	proc    *proc
	over    chan struct{}
	exit    glovebox.Exit
}

// proc is what a command sees.
type proc struct {
	In       *os.File
	Out, Err *os.File
	Spec     glovebox.SandboxSpec
	Term     chan struct{} // closed by SIGTERM
	Kill     chan struct{} // closed by SIGKILL
	Limit    glovebox.Kind // set by the command before it returns
	term     sync.Once
	kill     sync.Once
}

func newTestNode() *testNode {
	return &testNode{commands: map[string]func(*proc) int{}, boxes: map[string]*box{},
		fail: map[string]func(string) error{}, ran: map[string]int{}}
}

func (n *testNode) called(step, id string) error {
	n.mu.Lock()
	n.calls = append(n.calls, step+" "+id)
	f := n.fail[step]
	n.mu.Unlock()
	if f != nil {
		return f(id)
	}
	return nil
}

func (n *testNode) setFail(step string, f func(id string) error) {
	n.mu.Lock()
	n.fail[step] = f
	n.mu.Unlock()
}

func (n *testNode) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	now := n.creating.Add(1)
	defer n.creating.Add(-1)
	for m := n.most.Load(); now > m && !n.most.CompareAndSwap(m, now); m = n.most.Load() {
	}
	if err := n.called("create", s.ID); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.boxes[s.ID] != nil {
		return glovebox.Errorf(glovebox.KindConflict, "%s exists", s.ID)
	}
	b := &box{spec: s, over: make(chan struct{})}
	for _, name := range []string{s.Stdio.Stdout, s.Stdio.Stderr} {
		f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		b.held = append(b.held, f)
	}
	n.boxes[s.ID] = b
	return nil
}

func (n *testNode) Start(ctx context.Context, id string) error {
	if err := n.called("start", id); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.boxes[id]
	if b == nil {
		return glovebox.Errorf(glovebox.KindNotFound, "no %s", id)
	}
	n.ran[id]++
	b.started = true
	p := &proc{Spec: b.spec, Term: make(chan struct{}), Kill: make(chan struct{})}
	var err error
	if p.Out, err = os.OpenFile(b.spec.Stdio.Stdout, os.O_WRONLY|unix.O_NONBLOCK, 0); err != nil {
		return err
	}
	if p.Err, err = os.OpenFile(b.spec.Stdio.Stderr, os.O_WRONLY|unix.O_NONBLOCK, 0); err != nil {
		return err
	}
	in := b.spec.Stdio.Stdin
	if in == "" {
		in = os.DevNull
	}
	if p.In, err = os.OpenFile(in, os.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
		return err
	}
	b.proc = p
	command := n.commands[b.spec.Args[0]]
	began := time.Now()
	go func() {
		code := command(p)
		p.close()
		b.exit = glovebox.Exit{Code: code, Limit: p.Limit, Started: began, Ended: time.Now()}
		if code > 128 {
			b.exit.Signal = code - 128
		}
		close(b.over)
	}()
	return nil
}

func (p *proc) close() {
	for _, f := range []*os.File{p.In, p.Out, p.Err} {
		f.Close()
	}
}

func (n *testNode) box(id string) *box {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.boxes[id]
}

func (n *testNode) Wait(ctx context.Context, id string) (glovebox.Exit, error) {
	if err := n.called("wait", id); err != nil {
		return glovebox.Exit{}, err
	}
	b := n.box(id)
	if b == nil || !b.started {
		return glovebox.Exit{}, glovebox.Errorf(glovebox.KindNotFound, "no %s", id)
	}
	select {
	case <-b.over:
		return b.exit, nil
	case <-ctx.Done():
		return glovebox.Exit{}, ctx.Err()
	}
}

func (n *testNode) Signal(_ context.Context, id string, sig int) error {
	if err := n.called("signal", id); err != nil {
		return err
	}
	b := n.box(id)
	if b == nil || b.proc == nil {
		return glovebox.Errorf(glovebox.KindNotFound, "no %s", id)
	}
	b.signal(syscall.Signal(sig))
	return nil
}

func (b *box) signal(sig syscall.Signal) {
	if sig == syscall.SIGKILL {
		b.proc.kill.Do(func() { close(b.proc.Kill); b.proc.close() })
		return
	}
	b.proc.term.Do(func() { close(b.proc.Term) })
}

func (n *testNode) Destroy(_ context.Context, id string) error {
	if err := n.called("destroy", id); err != nil {
		return err
	}
	b := n.box(id)
	if b == nil {
		return nil
	}
	if b.proc != nil {
		b.signal(syscall.SIGKILL)
		<-b.over
	}
	for _, f := range b.held {
		f.Close()
	}
	n.mu.Lock()
	delete(n.boxes, id)
	n.mu.Unlock()
	return nil
}

func (n *testNode) List(context.Context) ([]glovebox.Found, error) {
	if err := n.called("list", ""); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []glovebox.Found
	for id, b := range n.boxes {
		all = append(all, glovebox.Found{ID: id, Started: b.started})
	}
	return all, nil
}

func (n *testNode) Residue(_ context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	if err := n.called("residue", ""); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var left []glovebox.Residue
	for _, r := range n.residue {
		if !live[r.Sandbox] {
			left = append(left, r)
		}
	}
	return left, nil
}

func (n *testNode) setResidue(r ...glovebox.Residue) {
	n.mu.Lock()
	n.residue = r
	n.mu.Unlock()
}

func (n *testNode) EnsureImage(ctx context.Context, img glovebox.Image, fetch glovebox.FetchBlob) error {
	if err := n.called("image", img.Digest); err != nil {
		return err
	}
	n.mu.Lock()
	f := n.fetch
	n.mu.Unlock()
	if f != nil {
		return f(ctx, fetch)
	}
	return nil
}

func (n *testNode) ImageDigests(context.Context) ([]string, error) { return nil, nil }
func (n *testNode) RemoveImage(context.Context, string) error      { return nil }

func (n *testNode) runs(id string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ran[id]
}
