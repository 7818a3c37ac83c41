package rival

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"glovebox/e2e/bench/contest"
)

// hybrid is where a v2 hierarchy beside v1 says which controllers it has. crun
// refuses such a machine unless there are none.
const hybrid = "/sys/fs/cgroup/unified/cgroup.controllers"

// crun is crun, in a mount namespace in which the machine looks like one with
// v1 groups alone, if it has to be.
func (g *Ground) crun(img Image) (*contest.Contestant, error) {
	program, err := exec.LookPath("crun")
	if err != nil {
		return skipped("crun", img, "there is no crun (Debian: crun)"), nil
	}
	c, err := g.oci("crun", program, nil, img)
	if err != nil {
		return nil, err
	}
	if controllers, err := os.ReadFile(hybrid); err != nil || len(controllers) == 0 {
		return c, nil
	}
	empty := filepath.Join(g.dir, "no-controllers")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		return nil, err
	}
	n, err := enter(func() error { return unix.Mount(empty, hybrid, "", unix.MS_BIND, "") })
	if err != nil {
		return skipped("crun", img, fmt.Sprintf("hybrid control groups cannot be hidden from it: %v", err)), nil
	}
	g.close = append(g.close, n.leave)
	run := c.Run
	c.Run = func(ctx context.Context, lane int) (taken contest.Taken, err error) {
		n.do(func() { taken, err = run(ctx, lane) })
		return taken, err
	}
	c.Command += ", in a mount namespace with an empty file bound over " + hybrid
	return c, nil
}

// nook is a mount namespace of our own, held by a thread. What is started from
// it is in it, too, at no cost of its own.
type nook struct {
	calls chan func()
	done  chan struct{}
}

// enter makes one, in which prepare has been run.
func enter(prepare func() error) (*nook, error) {
	n := &nook{make(chan func()), make(chan struct{})}
	failed := make(chan error)
	go n.serve(prepare, failed)
	if err := <-failed; err != nil {
		return nil, err
	}
	return n, nil
}

// serve is what the thread does.
func (n *nook) serve(prepare func() error, failed chan<- error) {
	runtime.LockOSThread() // for ever: the thread ends with this function
	if unix.Gettid() == unix.Getpid() {
		// The first thread stands for the whole process in /proc, and never
		// ends. As long as it is held here, another one is found.
		defer runtime.UnlockOSThread()
		go n.serve(prepare, failed)
		<-n.done
		return
	}
	defer close(n.done)
	err := unix.Unshare(unix.CLONE_NEWNS)
	if err == nil {
		err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	if err == nil {
		err = prepare()
	}
	failed <- err
	if err != nil {
		return
	}
	for f := range n.calls {
		f()
	}
}

// do runs f there; one call at a time.
func (n *nook) do(f func()) {
	done := make(chan struct{})
	n.calls <- func() { defer close(done); f() }
	<-done
}

func (n *nook) leave() { close(n.calls); <-n.done }
