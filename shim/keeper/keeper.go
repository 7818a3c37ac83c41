package keeper

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Sandboxes is what the keeper needs of the task service.
type Sandboxes interface {
	// Held lists what there is.
	Held() []Sandbox
	// Leave removes every sandbox but those named, which keep their deadlines
	// from now on.
	Leave(keep []string) error
	// Attend gives the deadlines back.
	Attend()
}

// Keeper decides who attends.
type Keeper struct {
	root      string
	sandboxes Sandboxes
	log       *slog.Logger
	output    *Log
	main      func(func() error) error // runs it on the main thread
	die       func()

	mu         sync.Mutex
	unattended bool
	foreign    guards
	attending  int // counts those who have attended
}

// New returns a keeper for a shim that has a parent. main runs a function on
// the process's main thread.
func New(root string, s Sandboxes, output *Log, log *slog.Logger, main func(func() error) error) *Keeper {
	return &Keeper{root: root, sandboxes: s, output: output, log: log, main: main, die: func() {
		// Not an orderly end: the sandboxes must not outlive who attends,
		// whatever they are at.
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}}
}

func (k *Keeper) state() State {
	return State{Protocol: Protocol, PID: os.Getpid(), Root: k.root, Unattended: k.unattended, Sandboxes: k.sandboxes.Held()}
}

// stay goes on without the one that leaves.
func (k *Keeper) stay(keep []string, foreign []Foreign) error {
	if k.unattended {
		return errors.New("nobody attends already")
	}
	gs, err := guardAll(foreign, k.log)
	if err != nil {
		return err
	}
	if err := k.cut(keep); err != nil {
		for _, g := range gs {
			g.drop()
		}
		return err
	}
	k.foreign = gs
	gs.keep()
	k.unattended = true
	return nil
}

// cut removes what is not to be kept, and all that ties.
func (k *Keeper) cut(keep []string) error {
	if err := k.sandboxes.Leave(keep); err != nil {
		return fmt.Errorf("remove what is not to be kept: %w", err)
	}
	// The signal that the kernel sends at the parent's death belongs to the
	// main thread, as that is the one that was forked.
	if err := k.main(func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0) }); err != nil {
		return fmt.Errorf("outlive the parent: %w", err)
	}
	signal.Ignore(syscall.SIGHUP) // of a terminal that is closed
	k.log.Info("staying without anybody who attends", "sandboxes", len(keep))
	return k.output.leave()
}

// attend makes the caller the one who attends.
func (k *Keeper) attend(output *os.File) error {
	switch {
	case !k.unattended:
		return errors.New("somebody attends already")
	case output == nil:
		return errors.New("no descriptor for the log was sent")
	}
	if err := k.output.give(output); err != nil {
		return err
	}
	k.unattended = false
	k.attending++
	k.sandboxes.Attend()
	k.foreign.leave()
	k.foreign = nil
	k.log.Info("attended to again")
	return nil
}

// End ends the foreign sandboxes that are looked after, as the others end with
// the shim: an orderly stop of it while nobody attends means all of them.
func (k *Keeper) End() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, g := range k.foreign {
		g.kill()
	}
}

// left is called when the connection of the nth who attended has ended.
func (k *Keeper) left(nth int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.unattended && k.attending == nth {
		k.die()
	}
}
