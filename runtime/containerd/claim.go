package containerd

import (
	"context"
	"encoding/json"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/types/known/anypb"

	"glovebox"
)

// claimType says what is in the Update call that gives a parked sandbox its
// job. All that it makes the shim do is what it does at a Create.
const claimType = "dev.glovebox.claim"

// binding is what is in it.
type binding struct {
	Spec   *specs.Spec `json:"spec"`
	Stdin  string      `json:"stdin"`
	Stdout string      `json:"stdout"`
	Stderr string      `json:"stderr"`
	givenFiles
}

// claim is Create of a sandbox that uses up a parked one. Somebody waits for
// it, so nothing of it goes through containerd, and nothing is synced to disk.
func (r *Runtime) claim(ctx context.Context, s glovebox.SandboxSpec) error {
	err := r.claimable(s)
	if err == nil {
		err = r.claimFor(ctx, s)
	}
	if err == nil {
		return nil
	}
	// Used up in any case, unless it has become somebody else's.
	if _, gone := r.parked(s.Parked); gone == nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		if left := r.Destroy(undo, s.Parked); left != nil {
			return glovebox.Errorf(glovebox.KindOf(err), "%w; and then: %v", err, left)
		}
	}
	return err
}

func (r *Runtime) claimable(s glovebox.SandboxSpec) error {
	if err := r.check(s); err != nil {
		return err
	}
	if s.Runtime != glovebox.RuntimeGVisor {
		return glovebox.Errorf(glovebox.KindRuntime, "sandboxes of %s are not made ahead", s.Runtime).On("runtime").
			Try("make the sandbox without a parked one")
	}
	if s.Parked == s.ID {
		return glovebox.Errorf(glovebox.KindInvalid, "the parked sandbox has the id %s of the sandbox itself", s.ID).On("parked")
	}
	return nil
}

func (r *Runtime) claimFor(ctx context.Context, s glovebox.SandboxSpec) error {
	unlock, err := r.ids.lock(ctx, s.ID)
	if err != nil {
		return err
	}
	defer unlock()
	l, err := r.shim(ctx)
	if err != nil {
		return err
	}
	if err := r.takeOver(ctx, s); err != nil {
		return err
	}
	err = r.newRecord(s, s.Parked)
	if err == nil {
		err = r.bind(ctx, l, s)
	}
	if err == nil {
		return nil
	}
	if !r.holds(ctx, l) {
		err = deserted(s.ID, err)
	}
	return r.undo(ctx, names{s.ID, s.Parked}, claimFault(s, err))
}

// takeOver makes the parked sandbox's folder that of s. It waits for a Park or
// a Destroy of it to be done.
func (r *Runtime) takeOver(ctx context.Context, s glovebox.SandboxSpec) error {
	unlock, err := r.ids.lock(ctx, s.Parked)
	if err != nil {
		return err
	}
	defer unlock()
	p, err := r.parked(s.Parked)
	if err != nil {
		return err
	}
	if d := p.Template.Image.Digest; d != "" && d != s.Image.Digest {
		return glovebox.Errorf(glovebox.KindInvalid, "parked sandbox %s is for image %s, not %s", s.Parked, d, s.Image.Digest).On("parked").
			Try("take one of another template, or none")
	}
	if err := checkRestored(p, s); err != nil {
		return err
	}
	return r.turnOver(s.Parked, s.ID)
}

// bind gives the parked sandbox its job.
func (r *Runtime) bind(ctx context.Context, l *line, s glovebox.SandboxSpec) error {
	spec, err := r.specify(ctx, s, s.Parked)
	if err != nil {
		return err
	}
	given, release, err := give(s.Files)
	if err != nil {
		return err
	}
	defer release()
	value, err := json.Marshal(binding{Spec: spec.OCI, Stdin: s.Stdio.Stdin, Stdout: s.Stdio.Stdout, Stderr: s.Stdio.Stderr, givenFiles: given})
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "encode the specification: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err = l.Update(r.spoken(ctx), &task.UpdateTaskRequest{
		ID: s.Parked, Resources: &anypb.Any{TypeUrl: claimType, Value: value},
	})
	return native(err)
}

// claimFault words an error of a claim. What the shim says of the job is worded
// as after any Create; what is left of "not found" and "not in that state" is
// about the parked sandbox.
func claimFault(s glovebox.SandboxSpec, err error) error {
	if commandFault(err) == nil && (errdefs.IsNotFound(err) || errdefs.IsFailedPrecondition(err)) {
		return glovebox.Errorf(glovebox.KindNotFound, "parked sandbox %s is not there any more: %w", s.Parked, err).On("parked").
			Try("make the sandbox without it")
	}
	return startFault(s.ID, err)
}
