package containerd

import (
	"context"
	"slices"

	"glovebox"
	"glovebox/runtime/containerd/internal/ocispec"
)

// checkInterpreter refuses a template whose interpreter cannot be.
func checkInterpreter(t glovebox.Template) error {
	switch {
	case t.Interpreter == "":
		return nil
	case !slices.Contains(glovebox.Interpreters(), t.Interpreter):
		return glovebox.Errorf(glovebox.KindInvalid, "interpreter %q cannot be started ahead", t.Interpreter).On("interpreter").
			Try("use one of %v", glovebox.Interpreters())
	case t.Image.Digest == "":
		return glovebox.Errorf(glovebox.KindInvalid, "an interpreter is started from an image").On("image")
	}
	return nil
}

// specifyInterpreter is the specification of a job that sets nothing of its own
// and runs the template's interpreter, which is to wait for the job proper. All
// that cannot be changed once a process runs is as it is for such a job; so a
// job that differs in one of these takes another sandbox.
func (r *Runtime) specifyInterpreter(ctx context.Context, id string, t glovebox.Template) (specified, error) {
	dir, err := r.heldImage(ctx, t.Image)
	if err != nil {
		return specified{}, err
	}
	usual := t.Image.Defaults
	sandbox, program, err := r.inspect(glovebox.SandboxSpec{
		ID: id, Image: t.Image, Runtime: glovebox.RuntimeGVisor, Args: []string{t.Interpreter}, Env: usual.Env, Workdir: usual.Workdir,
		User: usual.User, Limits: glovebox.DefaultLimits(),
	}, id, dir)
	if err != nil {
		return specified{}, glovebox.Errorf(glovebox.KindImageInvalid, "%s cannot be started in %s: %w", t.Interpreter, t.Image.Name, err).
			Try("use an image that has it, or a template without an interpreter")
	}
	sandbox.Spec.Args = []string{program}
	spec, err := r.specifyGVisor(ctx, sandbox, dir)
	if err == nil {
		ocispec.ParkInterpreter(spec.OCI, t.Interpreter)
	}
	return spec, err
}
