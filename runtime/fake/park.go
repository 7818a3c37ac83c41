package fake

import (
	"context"
	"slices"

	"glovebox"
)

// Park implements glovebox.Parker.
func (r *Runtime) Park(_ context.Context, id string, t glovebox.Template) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !validID.MatchString(id):
		return glovebox.Errorf(glovebox.KindInvalid, "%q cannot be a sandbox id", id).Try("use a-z, 0-9 and dashes")
	case !slices.Contains(r.runtimes, glovebox.RuntimeGVisor):
		return glovebox.Errorf(glovebox.KindRuntime, "runtime %q is not on this node", glovebox.RuntimeGVisor).On("runtime").Try("use one of %v", r.runtimes)
	case t.Interpreter != "":
		return glovebox.Errorf(glovebox.KindInvalid, "no interpreter is started ahead, so not %q", t.Interpreter).On("interpreter").Try("use a template without one")
	}
	if err := r.free(id); err != nil {
		return err
	}
	if d := t.Image.Digest; d != "" {
		if img := r.images[d]; img == nil || !img.unpacked {
			return glovebox.Errorf(glovebox.KindImageInvalid, "image %s is not unpacked on this node", d)
		}
	}
	if err := r.restorable(t); err != nil {
		return err
	}
	r.parked[id] = t
	return nil
}

// free is KindConflict if there is something of that id.
func (r *Runtime) free(id string) error {
	_, parked := r.parked[id]
	if parked || r.sandboxes[id] != nil {
		return glovebox.Errorf(glovebox.KindConflict, "sandbox %s exists", id).Try("destroy it first")
	}
	return nil
}

// claim uses up the parked sandbox that s asks for, if it asks for one.
func (r *Runtime) claim(s glovebox.SandboxSpec) error {
	if s.Parked == "" && s.Snapshot != "" {
		return glovebox.Errorf(glovebox.KindNotFound, "there is no parked sandbox").On("parked").Try("park one with the snapshot")
	}
	if s.Parked == "" {
		return nil
	}
	t, there := r.parked[s.Parked]
	delete(r.parked, s.Parked)
	switch {
	case s.Runtime == glovebox.RuntimeRunc:
		return glovebox.Errorf(glovebox.KindRuntime, "sandboxes of %s are not made ahead", s.Runtime).On("runtime").Try("make the sandbox without a parked one")
	case s.Parked == s.ID:
		return glovebox.Errorf(glovebox.KindInvalid, "the parked sandbox has the id %s of the sandbox itself", s.ID).On("parked")
	case !there:
		return glovebox.Errorf(glovebox.KindNotFound, "there is no parked sandbox %s", s.Parked).On("parked").Try("make the sandbox without it")
	case t.Image.Digest != "" && t.Image.Digest != s.Image.Digest:
		return glovebox.Errorf(glovebox.KindInvalid, "parked sandbox %s is for image %s, not %s", s.Parked, t.Image.Digest, s.Image.Digest).On("parked")
	}
	return goesOn(t, s)
}
