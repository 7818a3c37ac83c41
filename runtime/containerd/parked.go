package containerd

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// parkedFile is the record of a sandbox that was made before its job. The
// folder it is in has the parked sandbox's name. To claim the sandbox is to
// rename the folder, which exactly one can: from that moment on it is the
// folder of the job's sandbox, and this file in it names the container that
// everything of the sandbox in containerd, the shim and the kernel is called
// by. So a crash at any point leaves a folder that says what belongs to it.
const parkedFile = "parked.json"

// parked is what that file holds.
type parked struct {
	Container string
	Template  glovebox.Template
	Created   time.Time
}

// newParked writes the record of a sandbox to be parked into its folder.
func (r *Runtime) newParked(id string, t glovebox.Template) error {
	b, err := json.Marshal(parked{Container: id, Template: t, Created: time.Now()})
	if err == nil {
		err = writeNew(r.dir(id, parkedFile), b)
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "record parked sandbox %s: %w", id, err)
	}
	return nil
}

// parked reads the record of a parked sandbox; KindNotFound if the id is not of
// one that is still to be claimed.
func (r *Runtime) parked(id string) (parked, error) {
	var p parked
	if checkID(id) != nil {
		return p, unparked(id)
	}
	if err := r.load(id, parkedFile, &p); errors.Is(err, fs.ErrNotExist) {
		return p, unparked(id)
	} else if err != nil {
		return p, glovebox.Errorf(glovebox.KindInternal, "read the record of parked sandbox %s: %w", id, err)
	}
	if p.Container != id {
		return p, unparked(id)
	}
	return p, nil
}

func unparked(id string) error {
	return glovebox.Errorf(glovebox.KindNotFound, "there is no parked sandbox %s", id).On("parked").
		Try("make the sandbox without it")
}

// turnOver makes a parked sandbox's folder that of sandbox id. Errors:
// KindConflict (id exists), KindNotFound (nothing to claim).
func (r *Runtime) turnOver(from, id string) error {
	err := unix.Renameat2(unix.AT_FDCWD, r.dir(from), unix.AT_FDCWD, r.dir(id), unix.RENAME_NOREPLACE)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return exists(id)
	case errors.Is(err, fs.ErrNotExist):
		return unparked(from)
	}
	return glovebox.Errorf(glovebox.KindInternal, "claim parked sandbox %s: %w", from, err)
}

// container names the container of a sandbox: its id, unless it was claimed.
func (r *Runtime) container(id string) string {
	var p parked
	if r.load(id, parkedFile, &p) == nil && p.Container != "" {
		return p.Container
	}
	if rec, err := r.record(id); err == nil {
		return rec.Container
	}
	return id
}

// imageOf is the digest of the image that a sandbox has or is kept for; "" if
// there is none.
func (r *Runtime) imageOf(id string) string {
	if rec, err := r.record(id); err == nil {
		return rec.Image
	}
	var p parked
	if r.load(id, parkedFile, &p) == nil {
		return p.Template.Image.Digest
	}
	return ""
}

// claims tell whose the containers are that are not called like their sandbox.
type claims map[string]string

// of is the sandbox that a container, task, bundle or control group belongs to.
func (c claims) of(container string) string {
	if id, ok := c[container]; ok {
		return id
	}
	return container
}

// claims reads them from the folders.
func (r *Runtime) claims() claims { return claimsIn(r.dir()) }

func claimsIn(dir string) claims {
	c := claims{}
	found, _ := filepath.Glob(filepath.Join(dir, "*", parkedFile))
	for _, file := range found {
		var p parked
		id := filepath.Base(filepath.Dir(file))
		if loadFile(file, &p) == nil && p.Container != id && checkID(p.Container) == nil && checkID(id) == nil {
			c[p.Container] = id
		}
	}
	return c
}

// SandboxOf is the sandbox under Config.Dir that a container of the gVisor shim
// belongs to: the job's, if it was parked and then claimed, else itself.
func SandboxOf(dir, container string) string {
	return claimsIn(filepath.Join(dir, sandboxesDir)).of(container)
}

// names are what the parts of one sandbox are called by: its folder by its id,
// all else by its container.
type names struct{ id, container string }

func (r *Runtime) names(id string) names { return names{id, r.container(id)} }

// all are the names that anything of it can have.
func (n names) all() []string {
	if n.id == n.container {
		return []string{n.id}
	}
	return []string{n.container, n.id}
}

// madeAhead says whether the folder of id is, or was, that of a parked sandbox.
func (r *Runtime) madeAhead(id string) bool {
	_, err := os.Lstat(r.dir(id, parkedFile))
	return err == nil
}
