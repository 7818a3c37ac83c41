package fake

import (
	"context"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"glovebox"
)

// sandbox is one of them: its spec, the node's end of its stdio, and a
// goroutine in place of a process.
type sandbox struct {
	spec      glovebox.SandboxSpec
	out, errs *os.File
	kept      []*os.File // reading ends: what is in the pipes stays there until Destroy

	ctx  context.Context // ends when it is killed
	kill context.CancelFunc
	term chan struct{} // closed by SIGTERM

	mu      sync.Mutex
	started time.Time
	termed  bool
	left    map[string]string // see leave
	handed  []byte            // see Hand

	once sync.Once
	done chan struct{}
	exit glovebox.Exit
	err  error
}

func newSandbox(s glovebox.SandboxSpec) (*sandbox, error) {
	b := &sandbox{spec: s, term: make(chan struct{}), done: make(chan struct{}), left: map[string]string{}}
	b.ctx, b.kill = context.WithCancel(context.Background())
	var err error
	// For reading too, as a real shim does it: so opening does not wait for a
	// reader, and a reader that goes away breaks no pipe.
	if b.out, err = openFIFO(s.Stdio.Stdout); err == nil {
		b.errs, err = openFIFO(s.Stdio.Stderr)
	}
	for _, path := range []string{s.Stdio.Stdout, s.Stdio.Stderr} {
		if f, missing := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); missing == nil {
			b.kept = append(b.kept, f)
		}
	}
	if err != nil {
		b.closeStdio()
		b.letGo()
		return nil, glovebox.Errorf(glovebox.KindStart, "open stdio: %w", err)
	}
	return b, nil
}

func openFIFO(path string) (*os.File, error) {
	if path == "" {
		path = os.DevNull
	}
	return os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
}

func (b *sandbox) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.started.IsZero() {
		return glovebox.Errorf(glovebox.KindConflict, "sandbox %s was started", b.spec.ID)
	}
	b.started = now()
	go func() {
		exit := commands[b.spec.Args[0]](b)
		if b.ctx.Err() != nil {
			exit = glovebox.Exit{Code: 137, Signal: 9}
		}
		b.end(exit, nil)
	}()
	return nil
}

// end sets how it ended, the first time it is called.
func (b *sandbox) end(exit glovebox.Exit, err error) {
	b.once.Do(func() {
		b.mu.Lock()
		exit.Started, exit.Ended = b.started, now()
		b.mu.Unlock()
		exit.Usage = glovebox.Usage{MemoryPeak: 1 << 20, CPUTime: glovebox.Duration(time.Millisecond)}
		b.exit, b.err = exit, err
		b.kill()
		b.closeStdio()
		close(b.done)
	})
}

func (b *sandbox) signal(n int) {
	switch n {
	case int(syscall.SIGKILL):
		b.kill()
		// A command that writes into a full FIFO waits for its reader.
		_ = b.out.SetWriteDeadline(time.Now())
		_ = b.errs.SetWriteDeadline(time.Now())
	case int(syscall.SIGTERM):
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.termed {
			b.termed = true
			close(b.term)
		}
	}
}

func (b *sandbox) destroy() {
	b.signal(int(syscall.SIGKILL))
	b.mu.Lock()
	created := b.started.IsZero()
	b.mu.Unlock()
	if created {
		b.end(glovebox.Exit{Code: 137, Signal: 9}, nil)
	}
	<-b.done
	b.letGo()
}

// letGo drops what was written and not read.
func (b *sandbox) letGo() {
	for _, f := range b.kept {
		f.Close()
	}
}

func (b *sandbox) closeStdio() {
	for _, f := range []*os.File{b.out, b.errs} {
		if f != nil {
			f.Close()
		}
	}
}

// stdin opens the job's input; nothing if there is none.
func (b *sandbox) stdin() (io.ReadCloser, error) {
	if b.spec.Stdio.Stdin == "" {
		return os.Open(os.DevNull)
	}
	opened := make(chan *os.File, 1)
	go func() {
		f, _ := os.Open(b.spec.Stdio.Stdin) // waits for a writer
		opened <- f
	}()
	select {
	case f := <-opened:
		if f == nil {
			return nil, os.ErrInvalid
		}
		context.AfterFunc(b.ctx, func() { f.Close() })
		return f, nil
	case <-b.ctx.Done():
		if f, err := openFIFO(b.spec.Stdio.Stdin); err == nil { // frees the one that waits
			defer f.Close()
			if g := <-opened; g != nil {
				g.Close()
			}
		}
		return nil, b.ctx.Err()
	}
}
