package engine_test

import (
	"testing"
	"time"

	"glovebox"
	"glovebox/engine"
)

// TestArtifacts: what is told of artifacts at the end, and what was found when
// they were checked, make up what is known of them.
func TestArtifacts(t *testing.T) {
	told := &glovebox.Artifacts{Bytes: 10, IndexBytes: 5, LeftOut: 2}
	whole := &glovebox.Artifacts{Files: 3, Bytes: 10, IndexBytes: 5, Digest: "sha256:1"}
	for name, tt := range map[string]struct{ told, came, want *glovebox.Artifacts }{
		"nothing":         {nil, nil, nil},
		"all":             {told, whole, &glovebox.Artifacts{Files: 3, Bytes: 10, IndexBytes: 5, Digest: "sha256:1", LeftOut: 2}},
		"refused":         {told, &glovebox.Artifacts{Refused: true}, &glovebox.Artifacts{Refused: true, LeftOut: 2, Truncated: true}},
		"never came":      {told, nil, &glovebox.Artifacts{LeftOut: 2, Truncated: true}},
		"left out alone":  {&glovebox.Artifacts{LeftOut: 2}, nil, &glovebox.Artifacts{LeftOut: 2}},
		"cut at the node": {&glovebox.Artifacts{Bytes: 10, IndexBytes: 5, Truncated: true}, whole, &glovebox.Artifacts{Files: 3, Bytes: 10, IndexBytes: 5, Digest: "sha256:1", Truncated: true}},
		"nobody told":     {nil, whole, whole},
	} {
		t.Run(name, func(t *testing.T) {
			job := inStatus(glovebox.StatusRunning)
			job, _, err := engine.Step(job, engine.Exited{Attempt: job.Attempt, Result: &glovebox.Result{}, Artifacts: tt.told}, t0)
			if err != nil {
				t.Fatal(err)
			}
			if (job.Artifacts == nil) != (tt.told == nil) {
				t.Errorf("%+v", job.Artifacts)
			}
			if job, _, err = engine.Step(job, engine.Sealed{Artifacts: tt.came}, t0); err != nil {
				t.Fatal(err)
			}
			if (job.Artifacts == nil) != (tt.want == nil) || tt.want != nil && *job.Artifacts != *tt.want {
				t.Errorf("%+v, want %+v", job.Artifacts, tt.want)
			}
		})
	}
}

// TestTimeToCollect: a node that may have much to collect is given the time.
func TestTimeToCollect(t *testing.T) {
	job := inStatus(glovebox.StatusRunning)
	job.Spec.Timeout = glovebox.Duration(time.Minute)
	job.Spec.Limits.Artifacts = 1 << 30
	late := job.StartedAt.Add(time.Minute + engine.LateStop)
	next, _, err := engine.Step(job, engine.Tick{}, late)
	if err != nil || next.Status != glovebox.StatusRunning {
		t.Errorf("%s, %v", next.Status, err)
	}
	extra := job.Spec.Limits.CollectTime()
	if next, _, err = engine.Step(job, engine.Tick{}, late.Add(extra)); err != nil || !next.Status.Ended() {
		t.Errorf("%s, %v", next.Status, err)
	}
	if extra != 52*time.Second {
		t.Errorf("%s", extra)
	}
}
