// Package fake is a runtime in memory: the reference model of glovebox.Runtime,
// glovebox.Inventory and glovebox.ImageStore, and the one to test everything
// above them with. It runs no code. It understands a few commands by itself
// and really reads and writes the FIFOs of glovebox.Stdio:
//
//	echo WORDS   err WORDS   cat [FILE of SandboxSpec.Files]   pwd   env
//	exit N   kill N   sleep SECONDS (or a Go duration)   spew BYTES
//	oom   forkbomb   fill     (end at the limit of that name)
//	probe                     (prints "probed"; is seen to probe, see Watched)
//	leave NAME=TEXT NAME/ NAME@ …  (leaves files, folders and other things to
//	                          Collect; with the last word "wait" it goes on
//	                          like stubborn)
//	stubborn                  (prints "ready"; ignores every signal but KILL)
//	polite                    (prints "ready", and "bye" on TERM, then exits 3)
package fake

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"glovebox"
)

// Runtime is a node in memory. Its zero value is not usable; see New.
type Runtime struct {
	runtimes []string

	mu        sync.Mutex
	sandboxes map[string]*sandbox
	parked    map[string]glovebox.Template
	snapshots map[string]snapshot
	images    map[string]*image
	planted   []glovebox.Residue
}

var (
	_ glovebox.Runtime    = (*Runtime)(nil)
	_ glovebox.Inventory  = (*Runtime)(nil)
	_ glovebox.ImageStore = (*Runtime)(nil)
	_ glovebox.Parker     = (*Runtime)(nil)
	_ glovebox.Saver      = (*Runtime)(nil)
)

// New makes a node that offers the runtimes.
func New(runtimes ...string) *Runtime {
	return &Runtime{
		runtimes: runtimes, sandboxes: map[string]*sandbox{}, parked: map[string]glovebox.Template{},
		snapshots: map[string]snapshot{}, images: map[string]*image{},
	}
}

var validID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Create implements glovebox.Runtime.
func (r *Runtime) Create(_ context.Context, s glovebox.SandboxSpec) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.claim(s); err != nil {
		return err
	}
	if err := r.refuse(s); err != nil {
		return err
	}
	if err := r.free(s.ID); err != nil {
		return err
	}
	if img := r.images[s.Image.Digest]; img == nil || !img.unpacked {
		return glovebox.Errorf(glovebox.KindImageInvalid, "image %s is not unpacked on this node", s.Image.Digest)
	}
	b, err := newSandbox(s)
	if err != nil {
		return err
	}
	r.sandboxes[s.ID] = b
	return nil
}

// refuse finds what a real runtime finds by looking into the image.
func (r *Runtime) refuse(s glovebox.SandboxSpec) error {
	switch {
	case !validID.MatchString(s.ID):
		return glovebox.Errorf(glovebox.KindInvalid, "%q cannot be a sandbox id", s.ID).Try("use a-z, 0-9 and dashes")
	case !slices.Contains(r.runtimes, s.Runtime):
		return glovebox.Errorf(glovebox.KindRuntime, "runtime %q is not on this node", s.Runtime).Try("use one of %v", r.runtimes)
	case glovebox.CheckFiles(s.Files) != nil:
		return glovebox.CheckFiles(s.Files)
	case !knownUser(s.User):
		return glovebox.Errorf(glovebox.KindUnknownUser, "user %q is not in the image", s.User).Try("use app, root or numbers")
	case s.Workdir != "" && !strings.HasPrefix(s.Workdir, "/"), strings.HasPrefix(s.Workdir, "/proc"):
		return glovebox.Errorf(glovebox.KindWorkdir, "%q cannot be the working directory", s.Workdir).Try("give an absolute path")
	case len(s.Args) == 0 || commands[s.Args[0]] == nil:
		return glovebox.Errorf(glovebox.KindNoExecutable, "the command %q is not in the image", s.Args).Try("see the package comment of runtime/fake")
	}
	return nil
}

func knownUser(user string) bool {
	if slices.Contains([]string{"", "root", "app"}, user) {
		return true
	}
	for part := range strings.SplitSeq(user, ":") {
		if n, err := strconv.ParseInt(part, 10, 64); err != nil || n < 0 || n >= 1<<31 {
			return false
		}
	}
	return true
}

func (r *Runtime) find(id string) (*sandbox, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.sandboxes[id]
	if b == nil {
		return nil, glovebox.Errorf(glovebox.KindNotFound, "there is no sandbox %s", id)
	}
	return b, nil
}

// Start implements glovebox.Runtime.
func (r *Runtime) Start(_ context.Context, id string) error {
	b, err := r.find(id)
	if err != nil {
		return err
	}
	return b.start()
}

// Wait implements glovebox.Runtime.
func (r *Runtime) Wait(ctx context.Context, id string) (glovebox.Exit, error) {
	b, err := r.find(id)
	if err != nil {
		return glovebox.Exit{}, err
	}
	select {
	case <-b.done:
		return b.exit, b.err
	case <-ctx.Done():
		return glovebox.Exit{}, ctx.Err()
	}
}

// Signal implements glovebox.Runtime.
func (r *Runtime) Signal(_ context.Context, id string, signal int) error {
	b, err := r.find(id)
	if err != nil {
		return err
	}
	b.signal(signal)
	return nil
}

// Destroy implements glovebox.Runtime.
func (r *Runtime) Destroy(_ context.Context, id string) error {
	r.mu.Lock()
	b := r.sandboxes[id]
	delete(r.sandboxes, id)
	delete(r.parked, id)
	r.planted = slices.DeleteFunc(r.planted, func(x glovebox.Residue) bool { return x.Sandbox == id })
	r.mu.Unlock()
	if b != nil {
		b.destroy()
	}
	return nil
}

// Lose makes a sandbox vanish, as when its keeper dies: Wait says
// KindNodeLost, and it stays in List until it is destroyed.
func (r *Runtime) Lose(id string) {
	if b, err := r.find(id); err == nil {
		b.end(glovebox.Exit{}, glovebox.Errorf(glovebox.KindNodeLost, "sandbox %s is gone, and nobody saw how it ended", id))
	}
}

// Plant makes Residue and, if it names a sandbox, Destroy find something.
func (r *Runtime) Plant(x glovebox.Residue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planted = append(r.planted, x)
}

// now is when things happen. Rounded, because a real one is read from records.
func now() time.Time { return time.Now().UTC().Round(0) }
