package orchestrator_test

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

// leaves has a job that sleeps end, and the node speak of what it left.
func (r *rig) leaves(job glovebox.Job, told *glovebox.Artifacts) {
	r.t.Helper()
	r.reaches(job.ID, glovebox.StatusRunning)
	r.Report(glovebox.Report{Job: job.ID, Attempt: 1, Exit: &glovebox.NodeExit{Result: &glovebox.Result{}, Artifacts: told}})
}

// TestArtifacts: a job is not over before all is here that its node spoke of, or
// that had its time, and what does not check out does not hold it up.
func TestArtifacts(t *testing.T) {
	told := &glovebox.Artifacts{Bytes: 100, IndexBytes: 20, LeftOut: 1}
	for name, tt := range map[string]struct {
		comes, refused bool
		want           glovebox.Artifacts
	}{
		"comes":       {true, false, glovebox.Artifacts{Files: 1, Bytes: 100, IndexBytes: 20, Digest: "sha256:1", LeftOut: 1}},
		"is refused":  {true, true, glovebox.Artifacts{Refused: true, LeftOut: 1, Truncated: true}},
		"never comes": {false, false, glovebox.Artifacts{LeftOut: 1, Truncated: true}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 1, func(r *rig) {
				r.logs.refused = tt.refused
				r.start()
				job := r.submit("sleep", "1h")
				r.leaves(job, told)
				time.Sleep(10 * time.Second)
				if now := r.store.job(job.ID); now.Status != glovebox.StatusCompleted || now.Output.Sealed {
					t.Fatalf("%s, %+v", now.Status, now.Output)
				}
				if tt.comes {
					r.logs.leave(glovebox.SandboxID(job.ID, 1), 100, 20)
					r.Report(glovebox.Report{Job: job.ID, Attempt: 1, Shipped: true})
				} else {
					time.Sleep(5 * time.Minute)
				}
				r.allArchived(time.Minute)
				if got := r.store.job(job.ID).Artifacts; got == nil || *got != tt.want {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// TestArtifactQuota: artifacts that are kept count, and so does what running jobs
// may leave, apart from output.
func TestArtifactQuota(t *testing.T) {
	inBubble(t, 10, func(r *rig) {
		r.withTown().gives("small", glovebox.Quota{ArtifactBytes: 3000})
		r.start()
		spec := glovebox.Spec{Image: "here", Cmd: []string{"sleep", "1h"}, Limits: glovebox.Limits{Artifacts: 1024}}
		first, second, third := r.submitOf("small", spec), r.submitOf("small", spec), r.submitOf("small", spec)
		time.Sleep(5 * time.Second)
		if s := r.status(third.ID); s != glovebox.StatusPending {
			t.Errorf("three may leave 3072 bytes of 3000, and the third is %s", s)
		}
		for _, job := range []glovebox.Job{first, second} {
			r.logs.leave(glovebox.SandboxID(job.ID, 1), 990, 10)
			r.leaves(job, &glovebox.Artifacts{Bytes: 990, IndexBytes: 10})
		}
		r.archived(first.ID)
		r.archived(second.ID)
		time.Sleep(time.Minute)
		if j := r.store.job(third.ID); j.Reason != glovebox.ReasonPolicyDenied || j.Fault.Field != "quota.artifactBytes" {
			t.Errorf("2000 of 3000 bytes are kept, and it is %s, %+v", j.Status, j.Fault)
		}
		_, _, err := r.Submit(t.Context(), of("small"), spec, nil)
		wantRefused(t, err, glovebox.KindTooMany, "quota.artifactBytes")
		if u, err := r.Usage(t.Context(), "small"); err != nil || u.ArtifactBytes != 2000 || u.OutputBytes != 0 {
			t.Errorf("usage is %+v, %v", u, err)
		}
		spec.Limits.Artifacts, spec.Cmd = 1000, []string{"exit", "0"}
		r.submitOf("small", spec)
		r.allArchived(time.Minute)
	})
}

// someFiles are those of tenant a: one of 5 bytes.
type someFiles struct{ used int }

func (s *someFiles) Use(_ context.Context, tenant string, files []glovebox.InputFile) (sizes []int64, err error) {
	for range files {
		if tenant != "a" {
			return nil, glovebox.Errorf(glovebox.KindInvalid, "no file with this digest").On("files[0].digest").Try("upload it")
		}
		sizes = append(sizes, 5)
	}
	s.used++
	return sizes, nil
}

// TestFiles: a job names files of its tenant, and their sizes are kept with it.
func TestFiles(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		files := &someFiles{}
		r.config.Files = files
		r.start()
		digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		spec := glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Files: []glovebox.InputFile{{Path: "/a", Digest: digest}}}
		job := r.submitOf("a", spec)
		if f := job.Spec.Files[0]; f.Size != 5 || f.Mode != glovebox.DefaultFileMode {
			t.Errorf("%+v", f)
		}
		_, _, err := r.Submit(t.Context(), of("b"), spec, nil)
		wantRefused(t, err, glovebox.KindInvalid, "files[0].digest")
		many := spec
		many.Files = nil
		for i := range 4 {
			many.Files = append(many.Files, glovebox.InputFile{Path: "/f" + string(rune('a'+i)), Digest: digest, Size: 5 << 20})
		}
		_, _, err = r.Submit(t.Context(), of("a"), many, nil)
		if glovebox.KindOf(err) != glovebox.KindTooLarge {
			t.Error(err)
		}
		r.submitOf("a", glovebox.Spec{Cmd: []string{"exit", "0"}})
		if files.used != 1 {
			t.Errorf("asked %d times", files.used)
		}
		r.allArchived(time.Minute)
	})
}

// TestNoFiles: a service that keeps none refuses jobs that name one.
func TestNoFiles(t *testing.T) {
	inBubble(t, 1, func(r *rig) {
		r.start()
		spec := glovebox.Spec{Image: "here", Cmd: []string{"exit"}, Files: []glovebox.InputFile{{Path: "/a",
			Digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}}
		_, _, err := r.Submit(t.Context(), of("a"), spec, nil)
		wantRefused(t, err, glovebox.KindInvalid, "files")
	})
}
