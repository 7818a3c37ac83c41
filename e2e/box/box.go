// Package box runs a real glovebox in a folder of its own for a test: the
// binaries of `make build`, containerd, gVisor, the two processes. A test ends
// with the box stopped and with nothing of it left on the machine, or it fails.
package box

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Box is a running instance.
type Box struct {
	T    T
	Data string   // its folder
	Bin  string   // where the binaries are
	Log  *Buffer  // everything that `up` and its children printed
	Env  []string // more of the environment of `up`

	up     *exec.Cmd
	exited chan struct{}
}

// T is what a box needs of a test, or of a program that stands in for one.
type T interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Skip(args ...any)
	Cleanup(func())
}

// Buffer is a bytes.Buffer that may be read while it is written.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// BinDir is where `make build` leaves the binaries.
func BinDir(t T) string {
	t.Helper()
	dir := os.Getenv("GLOVEBOX_BIN")
	if dir == "" {
		dir, _ = filepath.Abs("../bin")
	}
	if _, err := os.Stat(filepath.Join(dir, "glovebox")); err != nil {
		t.Fatalf("%s has no glovebox: run `make build` first", dir)
	}
	return dir
}

// New makes a box that is not running yet. Its folder has a short path, because
// unix sockets must fit into 100 bytes.
func New(t T) *Box {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: sandboxes need root")
	}
	data, err := os.MkdirTemp("/tmp", "gb")
	if err != nil {
		t.Fatalf("%v", err)
	}
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatalf("%v", err)
	}
	b := &Box{T: t, Data: data, Bin: BinDir(t), Log: &Buffer{}}
	t.Cleanup(b.close)
	return b
}

// Up makes a box and starts it.
func Up(t T, args ...string) *Box {
	t.Helper()
	b := New(t)
	b.Start(args...)
	return b
}

// Start runs `glovebox up` and waits until it answers. Unless args say otherwise,
// a stop ends the jobs that run, since a test leaves nothing.
func (b *Box) Start(args ...string) {
	b.T.Helper()
	before := len(b.Log.String())
	cmd := exec.Command(filepath.Join(b.Bin, "glovebox"), append([]string{"up", "--data", b.Data, "--at-stop=end"}, args...)...)
	cmd.Env = append(os.Environ(), b.Env...)
	cmd.Stdout, cmd.Stderr = b.Log, b.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		b.T.Fatalf("%v", err)
	}
	b.up, b.exited = cmd, make(chan struct{})
	go func() { _ = cmd.Wait(); close(b.exited) }()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		select {
		case <-b.exited:
			b.T.Fatalf("glovebox up ended: %s\n%s", cmd.ProcessState, b.Log)
		default:
		}
		if strings.Contains(b.Log.String()[before:], "glovebox is up") {
			return
		}
		if time.Now().After(end) {
			b.T.Fatalf("glovebox up is not ready after 30 s\n%s", b.Log)
		}
	}
}

// Stop sends SIGTERM to `up` and waits for it; it returns the exit code.
func (b *Box) Stop() int {
	b.T.Helper()
	if b.up == nil {
		return 0
	}
	_ = b.up.Process.Signal(syscall.SIGTERM)
	return b.waitUp(60 * time.Second)
}

// Signal sends a signal to `up` and does not wait.
func (b *Box) Signal(sig syscall.Signal) { _ = b.up.Process.Signal(sig) }

// KillUp ends `up` with SIGKILL and waits for it.
func (b *Box) KillUp() {
	b.T.Helper()
	_ = b.up.Process.Kill()
	b.waitUp(10 * time.Second)
}

func (b *Box) waitUp(d time.Duration) int {
	b.T.Helper()
	select {
	case <-b.exited:
	case <-time.After(d):
		_ = b.up.Process.Kill()
		<-b.exited
		b.T.Errorf("glovebox up did not stop within %s\n%s", d, b.Tail(4000))
	}
	code := b.up.ProcessState.ExitCode()
	b.up = nil
	return code
}

// Tail returns the end of the log.
func (b *Box) Tail(n int) string {
	s := b.Log.String()
	return s[max(0, len(s)-n):]
}

// NoResidue fails the test if anything is left that no live job accounts for.
func (b *Box) NoResidue() {
	b.T.Helper()
	if r := b.Run("doctor", "--residue"); r.Code != 0 {
		b.T.Errorf("residue (exit %d):\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}

// close stops the box, checks that the machine is as before, and removes the
// folder.
func (b *Box) close() {
	if b.up != nil {
		if code := b.Stop(); code != 0 {
			b.T.Errorf("glovebox up ended with %d\n%s", code, b.Tail(4000))
		}
	}
	if b.T.Failed() {
		b.T.Logf("the last of the log:\n%s", b.Tail(6000))
	}
	b.Gone()
	if err := os.RemoveAll(b.Data); err != nil {
		b.T.Errorf("the folder cannot be removed: %v", err)
	}
}
