// Package sandbox runs one container job in one gVisor sandbox of its own,
// with gVisor's Go packages called in this process.
//
// # Life
//
// Host.Create makes everything slow: control groups, and a sentry, booted and
// waiting. Then the sandbox is bound to its job, at once or, if it is parked,
// by Claim. Start lets the job's first instruction run. The sandbox ends with
// its job or by Kill; Done is closed then and Exit tells how. If the job has left
// something under /out, gVisor goes on for Collect, without a process of the
// job. Delete removes every trace. Nothing of a sandbox survives the shim: its
// processes ask the kernel to kill them when the shim dies, and a new shim
// removes the rest (CleanupAll).
//
// # Threads
//
// That request to the kernel (PR_SET_PDEATHSIG) is bound to the thread that
// forked, not to the process. Go ends a thread only when a goroutine that is
// locked to it returns without unlocking, so no code in this process may do
// that. containerd's mount package does, for long lists of options.
package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/dead"
	"glovebox/shim/pause"
)

// Host is what sandboxes of one node share.
type Host struct {
	root  string
	boot  string
	pause string // image of a sandbox without a job
	debug bool
	log   *slog.Logger
	slots chan struct{} // bounds how many are being made at once
	lock  *os.File
}

// Options configure a Host.
type Options struct {
	// Root is the shim's own directory, for state that does not outlive it.
	Root string
	// Boot is the gVisor program to run, Launch the one that stands before it.
	Boot, Launch string
	// Debug makes gVisor write logs under Root.
	Debug bool
	Log   *slog.Logger
}

// NewHost takes possession of the root directory and removes what an earlier
// shim has left there.
func NewHost(o Options) (*Host, error) {
	for _, program := range []string{o.Boot, o.Launch} {
		if !filepath.IsAbs(program) {
			return nil, fmt.Errorf("program %q is not an absolute path", program)
		}
		if err := unix.Access(program, unix.X_OK); err != nil {
			return nil, fmt.Errorf("program %s: %w", program, err)
		}
	}
	if !filepath.IsAbs(o.Root) {
		return nil, fmt.Errorf("root %q is not an absolute path", o.Root)
	}
	if err := os.MkdirAll(filepath.Join(o.Root, "s"), 0o711); err != nil {
		return nil, err
	}
	lock, err := lockRoot(o.Root, unix.LOCK_EX, lockPatience)
	if err != nil {
		return nil, err
	}
	n, err := CleanupAll(o.Root)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("removing what an earlier shim has left: %w", err)
	}
	if n > 0 {
		o.Log.Info("removed what an earlier shim has left", "sandboxes", n)
	}
	if err := hideStdio(); err != nil {
		return nil, err
	}
	empty := filepath.Join(o.Root, "pause.erofs")
	if err := writePause(empty); err != nil {
		lock.Close()
		return nil, err
	}
	specutils.ExePath = o.Launch
	return &Host{
		root: o.Root, boot: o.Boot, pause: empty, debug: o.Debug, log: o.Log, lock: lock,
		slots: make(chan struct{}, max(8, 4*runtime.NumCPU())),
	}, nil
}

func writePause(path string) error {
	image, err := pause.Image()
	if err != nil {
		return err
	}
	return os.WriteFile(path, image, 0o600)
}

// lockPatience is how long a new shim waits for the lock: the one before may
// still be ending, and containerd may be deleting what it had.
const lockPatience = 3 * time.Second

// lockRoot makes sure that only one shim works in root, and that nobody
// removes sandboxes from outside meanwhile (those share the lock).
func lockRoot(root string, how int, patience time.Duration) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(root, dead.LockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB); err == nil {
			return f, nil
		}
		if time.Now().After(end) {
			return nil, errors.Join(fmt.Errorf("another shim works in %s: %w", root, err), f.Close())
		}
	}
}

// hideStdio replaces the standard files that gVisor passes on by default:
// jobs get theirs explicitly, and the shim's log is none of their business.
// The logger keeps its own handle on the real standard error.
func hideStdio() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	realStdio = [3]*os.File{os.Stdin, os.Stdout, os.Stderr}
	os.Stdin, os.Stdout, os.Stderr = null, null, null
	return nil
}

// realStdio keeps the garbage collector from closing descriptors 0 to 2.
//
//lint:ignore U1000 that it is referenced is all it is for
var realStdio [3]*os.File
