package supervise

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReleaseAndAdopt: a process that was let go outlives its supervisor, and
// the next one looks after it as after a child of its own.
func TestReleaseAndAdopt(t *testing.T) {
	first, out := newSupervisor(t, Config{})
	mustStart(t, first, proc("a", "settler"))
	mustStart(t, first, proc("b", "daemon"))
	until(t, "it says its pid", func() bool { return len(out.pids("pid")) == 2 })
	pids := out.pids("pid")
	first.Release("a")
	first.Release("nobody")
	first.Close()
	if settler := pids[0]; gone(settler) || !gone(pids[1]) {
		t.Fatalf("left: settler %v, other %v", !gone(settler), !gone(pids[1]))
	}

	second, out := newSupervisor(t, Config{})
	asked := 0
	child := proc("a", "daemon")
	child.Adopt = func(_ context.Context, output *os.File) (*Adopted, error) {
		asked++
		fmt.Fprintln(output, "here is my log")
		fd, err := unix.PidfdOpen(pids[0], unix.O_NONBLOCK)
		return &Adopted{PID: pids[0], FD: fd}, err
	}
	// That of the settler, and then that of the process in its place.
	child.Ready = func(context.Context) error { return nil }
	mustStart(t, second, child)
	until(t, "its output arrives", func() bool { return out.String() == "a | here is my log\n" })
	if gone(pids[0]) {
		t.Fatal("the adopted process has ended")
	}
	_ = syscall.Kill(pids[0], syscall.SIGKILL)
	until(t, "another is started in its place", func() bool { return len(out.pids("pid")) == 1 })
	if asked != 1 {
		t.Errorf("asked %d times for a process to adopt", asked)
	}
	second.Stop(bg())
	if !gone(out.pids("pid")[0]) {
		t.Error("the one in its place has not ended")
	}
}

// TestStopsAdopted: a stop ends an adopted process too.
func TestStopsAdopted(t *testing.T) {
	s, out := newSupervisor(t, Config{})
	mustStart(t, s, proc("a", "settler"))
	until(t, "it says its pid", func() bool { return len(out.pids("pid")) == 1 })
	pid := out.pids("pid")[0]
	s.Release("a")
	for _, there := range []bool{false, true} {
		child := proc("b", "daemon")
		child.Grace = 100 * time.Millisecond // the settler does not listen
		child.Ready = func(context.Context) error { return nil }
		child.Adopt = func(context.Context, *os.File) (*Adopted, error) {
			if !there {
				return nil, nil // one is started
			}
			fd, err := unix.PidfdOpen(pid, unix.O_NONBLOCK)
			return &Adopted{PID: pid, FD: fd}, err
		}
		mustStart(t, s, child)
		s.Stop(bg(), "b")
		if there { // it has ended; that it is buried may take a moment
			until(t, "it is gone", func() bool { return gone(pid) })
		} else if gone(pid) {
			t.Error("one that was not adopted was ended")
		}
	}
}
