package runtimetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// patience bounds everything that should end by itself.
const patience = 60 * time.Second

// job is a sandbox with its stdio, as an agent would have it.
type job struct {
	t     testing.TB
	sys   System
	spec  glovebox.SandboxSpec
	ctx   context.Context
	dir   string
	files []*os.File
	wg    sync.WaitGroup
	mu    sync.Mutex
	out   bytes.Buffer
	err   bytes.Buffer
	first chan struct{} // closed at the first byte of stdout
	once  sync.Once
}

// newJob makes the FIFOs and reads from them. stdin is nil for none.
func (s suite) newJob(t testing.TB, spec glovebox.SandboxSpec, stdin []byte) *job {
	t.Helper()
	dir, err := os.MkdirTemp("", "gbrt")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	j := &job{t: t, sys: s.sys, spec: spec, ctx: ctx, dir: dir, first: make(chan struct{})}
	fifo := func(name string) string {
		path := filepath.Join(dir, name)
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	j.spec.Stdio = glovebox.Stdio{Stdout: fifo("out"), Stderr: fifo("err")}
	j.read(j.spec.Stdio.Stdout, &j.out, true)
	j.read(j.spec.Stdio.Stderr, &j.err, false)
	if stdin != nil {
		j.spec.Stdio.Stdin = fifo("in")
		j.write(j.spec.Stdio.Stdin, stdin)
	}
	t.Cleanup(func() {
		if err := j.sys.Destroy(context.Background(), j.spec.ID); err != nil {
			t.Errorf("Destroy at the end: %v", err)
		}
		j.release()
		cancel()
		os.RemoveAll(dir)
	})
	return j
}

func (j *job) read(path string, to *bytes.Buffer, isOut bool) {
	// Open before the sandbox is made: a job may be over before a reader who
	// waits for it to begin has come.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		j.t.Fatal(err)
	}
	j.files = append(j.files, f)
	j.wg.Add(1)
	go func() {
		defer j.wg.Done()
		defer f.Close()
		if !written(f) {
			return
		}
		buf := make([]byte, 32<<10)
		for {
			n, err := f.Read(buf)
			if n > 0 {
				j.mu.Lock()
				to.Write(buf[:n])
				j.mu.Unlock()
				if isOut {
					j.once.Do(func() { close(j.first) })
				}
			}
			if err != nil {
				return
			}
		}
	}()
}

func (j *job) write(path string, b []byte) {
	j.wg.Add(1)
	go func() {
		defer j.wg.Done()
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		_, _ = io.Copy(f, bytes.NewReader(b))
		f.Close()
		j.closeStdin()
	}()
}

// closeStdin tells a runtime that holds the FIFO open of the end. The writer may
// be done before the sandbox is made.
func (j *job) closeStdin() {
	closer, ok := j.sys.(glovebox.StdinCloser)
	if !ok {
		return
	}
	for j.ctx.Err() == nil && closer.CloseStdin(j.ctx, j.spec.ID) != nil {
		time.Sleep(10 * time.Millisecond)
	}
}

// written waits until somebody has opened the FIFO for writing. Before that,
// reading would look like the end.
func written(f *os.File) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	for n := 0; n == 0 && err == nil; {
		ctl := raw.Control(func(fd uintptr) {
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 50)
		})
		if err == unix.EINTR {
			n, err = 0, nil
		}
		err = errors.Join(err, ctl)
	}
	return err == nil
}

// release unblocks readers and writers of FIFOs that nobody ever opened.
func (j *job) release() {
	for _, f := range j.files {
		f.Close()
	}
	for _, p := range []string{j.spec.Stdio.Stdin, j.spec.Stdio.Stdout, j.spec.Stdio.Stderr} {
		if f, err := os.OpenFile(p, os.O_RDWR|syscall.O_NONBLOCK, 0); p != "" && err == nil {
			defer f.Close()
		}
	}
}

// start creates and starts.
func (j *job) start() *job {
	j.t.Helper()
	if err := j.sys.Create(j.ctx, j.spec); err != nil {
		j.t.Fatalf("Create: %v", err)
	}
	if err := j.sys.Start(j.ctx, j.spec.ID); err != nil {
		j.t.Fatalf("Start: %v", err)
	}
	return j
}

// wait waits for the end and for all output.
func (j *job) wait() glovebox.Exit {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.ctx, patience)
	defer cancel()
	exit, err := j.sys.Wait(ctx, j.spec.ID)
	if err != nil {
		j.t.Fatalf("Wait: %v (stdout %.200q, stderr %.200q)", err, j.stdout(), j.stderr())
	}
	return exit
}

// drain waits until the command and all its children have let go of stdio.
func (j *job) drain() {
	j.t.Helper()
	done := make(chan struct{})
	go func() { j.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		j.t.Fatal("stdout or stderr stay open after the end")
	}
}

// ready waits for the first output.
func (j *job) ready() *job {
	j.t.Helper()
	select {
	case <-j.first:
	case <-time.After(patience):
		j.t.Fatalf("no output (stderr %q)", j.stderr())
	}
	return j
}

func (j *job) stdout() string { j.mu.Lock(); defer j.mu.Unlock(); return j.out.String() }
func (j *job) stderr() string { j.mu.Lock(); defer j.mu.Unlock(); return j.err.String() }

// destroy destroys, within the bound that is promised.
func (j *job) destroy() {
	j.t.Helper()
	begin := time.Now()
	if err := j.sys.Destroy(j.ctx, j.spec.ID); err != nil {
		j.t.Fatalf("Destroy: %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		j.t.Errorf("Destroy took %v, which is above 5 s", took)
	}
}

// run runs a job to its end and destroys it.
func (s suite) run(t testing.TB, spec glovebox.SandboxSpec, stdin []byte) (*job, glovebox.Exit) {
	t.Helper()
	j := s.newJob(t, spec, stdin).start()
	exit := j.wait()
	j.drain()
	j.destroy()
	return j, exit
}
