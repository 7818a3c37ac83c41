package orchestrator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// TestLife: a job whose image is here and for whom there is room runs at once,
// and nothing is left of it.
func TestLife(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.submit("echo", "hi")
		if job.Status != glovebox.StatusProvisioning || job.Node != "n1" || job.Attempt != 1 {
			t.Errorf("accepted as %s on %q", job.Status, job.Node)
		}
		job = r.archived(job.ID)
		if job.Outcome != glovebox.StatusCompleted || job.Result.ExitCode != 0 || job.Output.Stdout != 3 || job.Output.Truncated {
			t.Errorf("%+v", job)
		}
		if job.StartedAt.Before(job.PlacedAt) || job.EndedAt.Before(job.StartedAt) || job.ArchivedAt.Before(job.EndedAt) {
			t.Errorf("times: %s %s %s %s", job.PlacedAt, job.StartedAt, job.EndedAt, job.ArchivedAt)
		}
		r.nothingLeft()
	})
}

// TestTwoDurableCommits: of all the writes of the hot path, only the
// acceptance, with the placement in it, and the result are synced.
func TestTwoDurableCommits(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.submit("exit", "7")
		r.allArchived(time.Minute)
		want := []glovebox.Status{glovebox.StatusProvisioning, glovebox.StatusCompleted}
		if got := r.store.durable(job.ID); !slices.Equal(got, want) {
			t.Errorf("durable writes: %v, want %v", got, want)
		}
		if n := len(r.store.writes[job.ID]); n > 8 {
			t.Errorf("%d writes in all: %v", n, r.store.writes[job.ID])
		}
	})
}

// TestExitCode: a command that fails has still completed.
func TestExitCode(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.archived(r.submit("exit", "7").ID)
		if job.Outcome != glovebox.StatusCompleted || job.Result.ExitCode != 7 || job.Reason != "" {
			t.Errorf("%s %+v %q", job.Outcome, job.Result, job.Reason)
		}
	})
}

// TestImageInBackground: a job whose image is not here is accepted at once and
// runs when it has come.
func TestImageInBackground(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.submitSpec(glovebox.Spec{Image: "far", Cmd: []string{"exit", "0"}})
		if job.Status != glovebox.StatusPending || job.Image.Digest != "" {
			t.Errorf("accepted as %s with image %+v", job.Status, job.Image)
		}
		time.Sleep(10 * time.Millisecond)
		if r.status(job.ID) != glovebox.StatusPending {
			t.Error("it did not wait for its image")
		}
		job = r.archived(job.ID)
		if job.Outcome != glovebox.StatusCompleted || job.Image.Digest != "sha256:far" || r.shelf.resolves != 1 {
			t.Errorf("%s of %+v after %d fetches", job.Outcome, job.Image, r.shelf.resolves)
		}
		if !slices.Contains(job.Command.Env, "FROM=image") {
			t.Errorf("the image's defaults are not in %v", job.Command.Env)
		}
		r.nothingLeft()
	})
}

// TestFailures: each kind of failure, of the image and of the start, ends the
// job with the reason that belongs to it, and with everything put away.
func TestFailures(t *testing.T) {
	for _, k := range glovebox.Kinds() {
		reason := k.Info().Reason
		if reason == "" {
			continue
		}
		for _, spec := range []glovebox.Spec{
			{Image: "fail:" + string(k), Cmd: []string{"never"}},
			{Image: "here", Cmd: []string{"fault", string(k)}},
		} {
			t.Run(strings.Join(append([]string{spec.Image}, spec.Cmd...), " "), func(t *testing.T) {
				inBubble(t, 1, func(r *rig) {
					r.start()
					job := r.archived(r.submitSpec(spec).ID)
					if job.Outcome != glovebox.StatusFailed || job.Reason != reason || job.Fault.Kind != k || job.Result != nil {
						t.Errorf("%s %s %v %v, want reason %s", job.Outcome, job.Reason, job.Fault, job.Result, reason)
					}
					r.nothingLeft()
				})
			})
		}
	}
}

// TestRefusals: what cannot be run is refused when it is asked for, and takes
// nothing.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		kind  glovebox.Kind
		field string
		spec  glovebox.Spec
	}{
		{glovebox.KindInvalid, "containerImage", glovebox.Spec{}},
		{glovebox.KindInvalid, "containerImage", glovebox.Spec{Image: "no name", Cmd: []string{"x"}}},
		{glovebox.KindCommandMissing, "cmd", glovebox.Spec{Image: "here"}},
		{glovebox.KindImageUnknown, "", glovebox.Spec{Image: "far", Cmd: []string{"x"}, PullPolicy: glovebox.PullNever}},
		{glovebox.KindRuntime, "runtime", glovebox.Spec{Image: "here", Cmd: []string{"x"}, Runtime: glovebox.RuntimeRunc}},
		{glovebox.KindInvalid, "limits.memory", glovebox.Spec{Image: "here", Cmd: []string{"x"}, Limits: glovebox.Limits{Memory: 1 << 40}}},
	} {
		inBubble(t, 1, func(r *rig) {
			r.node.Node.Capacity.Memory = 8 << 30
			r.start()
			_, _, err := r.Submit(r.t.Context(), me, c.spec, nil)
			if glovebox.KindOf(err) != c.kind || glovebox.AsError(err).Field != c.field {
				t.Errorf("%+v: %v of kind %s, want %s on %q", c.spec, err, glovebox.KindOf(err), c.kind, c.field)
			}
			if len(r.store.jobs()) != 0 {
				t.Error("it was stored")
			}
			r.nothingLeft()
		})
	}
}

// TestStdin: what comes with the request is kept before the job is, and not in
// the job.
func TestStdin(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.submitSpec(glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Stdin: []byte("input")})
		if r.logs.stdin[job.ID] != "input" || len(job.Spec.Stdin) != 0 || !job.Spec.StdinStream {
			t.Errorf("stdin %q, job %+v", r.logs.stdin[job.ID], job.Spec)
		}
		r.allArchived(time.Minute)
	})
}

// TestTenants: another tenant's job does not exist.
func TestTenants(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		job := r.submit("exit", "0")
		other := glovebox.Principal{Name: "eve", Tenant: "other"}
		_, read := r.Job(r.t.Context(), other, job.ID)
		_, cancelled := r.Cancel(r.t.Context(), other, job.ID)
		_, watched := r.Watch(r.t.Context(), other, job.ID, 0)
		for _, err := range []error{read, cancelled, watched} {
			if glovebox.KindOf(err) != glovebox.KindNotFound {
				t.Errorf("eve is told: %v", err)
			}
		}
		if page, err := r.List(r.t.Context(), other, glovebox.JobFilter{Tenant: me.Tenant}); err != nil || len(page.Jobs) != 0 {
			t.Errorf("eve sees %v, %v", page.Jobs, err)
		}
		if job := r.archived(job.ID); job.Cancel != nil {
			t.Error("eve has cancelled it")
		}
		if r.Watched() != 0 {
			t.Error("a watcher was left behind")
		}
	})
}
