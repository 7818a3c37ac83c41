package agent

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// TestHostileOrders: what cannot be meant is reported as ended, and leaves
// nothing on disk.
func TestHostileOrders(t *testing.T) {
	job := glovebox.NewID("job-")
	with := func(f func(w *nodev1.Work)) *nodev1.Order { return testOrder(job, f) }
	named := func(job string, attempt int32) *nodev1.Order {
		o := testOrder(job)
		o.Attempt = attempt
		return o
	}
	tests := map[string]*nodev1.Order{
		"traversal":        named("../../../etc", 1),
		"long traversal":   named("job-/../../../../../../x", 1),
		"slash":            named("job/0123456789abcdefghjk", 1),
		"dot prefix":       named("..0123456789abcdefghjk", 1),
		"nul":              named("job-0123456789abcdefghj\x00", 1),
		"upper case":       named("JOB-0123456789abcdefghjk", 1),
		"empty":            named("", 1),
		"no attempt":       named(job, 0),
		"negative attempt": named(job, -1),
		"no work":          {Job: job, Attempt: 1},
		"no image":         with(func(w *nodev1.Work) { w.Image = nil }),
		"digest":           with(func(w *nodev1.Work) { w.Image.Digest = "sha256:../../x" }),
		"layer digest":     with(func(w *nodev1.Work) { w.Image.Layers[0].Blob.Digest = "../x" }),
		"diff id":          with(func(w *nodev1.Work) { w.Image.Layers[0].DiffId = "" }),
		"layer size":       with(func(w *nodev1.Work) { w.Image.Layers[0].Blob.Size = -1 }),
		"layers":           with(func(w *nodev1.Work) { w.Image.Layers = make([]*nodev1.Layer, 2000) }),
		"no args":          with(func(w *nodev1.Work) { w.Args = nil }),
		"nul arg":          with(func(w *nodev1.Work) { w.Args = []string{"a\x00b"} }),
		"huge args":        with(func(w *nodev1.Work) { w.Args = []string{strings.Repeat("x", 2<<20)} }),
		"env":              with(func(w *nodev1.Work) { w.Env = []string{"=x"} }),
		"workdir":          with(func(w *nodev1.Work) { w.Workdir = "x" }),
		"runtime":          with(func(w *nodev1.Work) { w.Runtime = "none" }),
		"other runtime":    with(func(w *nodev1.Work) { w.Runtime = "runc" }),
		"timeout":          with(func(w *nodev1.Work) { w.Timeout = duration(1000 * time.Hour) }),
		"negative timeout": with(func(w *nodev1.Work) { w.Timeout = duration(-time.Hour) }),
		"memory":           with(limits(func(l *nodev1.Limits) { l.Memory = math.MaxInt64 })),
		"output":           with(limits(func(l *nodev1.Limits) { l.Output = -1 })),
		"cpus":             with(limits(func(l *nodev1.Limits) { l.Cpus = math.NaN() })),
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.cfg.Info.Runtimes = []string{glovebox.RuntimeGVisor}
			r.start()
			r.control.order(o)
			id := glovebox.SandboxID(o.GetJob(), int(o.GetAttempt()))
			s := r.exited(id)
			if e := s.GetExit(); e.GetStarted() || e.GetFault().GetKind() == "" || e.GetFault().GetKind() == "internal" {
				t.Errorf("exit %v", e)
			}
			left, err := os.ReadDir(filepath.Join(r.dir, dirSandboxes))
			if err != nil || len(left) > 0 {
				t.Errorf("on disk: %v %v", left, err)
			}
			r.control.drop(id)
			r.until(id, "forgotten", func(s *nodev1.Sandbox) bool { return s == nil })
		})
	}
}

func TestIDs(t *testing.T) {
	job := glovebox.NewID("job-")
	for id, ok := range map[string]bool{
		job + "-1": true, job + "-2147483647": true, job + "-01": false, job + "-+1": false, job + "-0": false,
		job + "-2147483648": false, job: false, "": false, "-": false, "../x-1": false,
	} {
		if gotJob, n, got := parseID(id); got != ok || got && glovebox.SandboxID(gotJob, int(n)) != id {
			t.Errorf("%q: %v", id, got)
		}
	}
}

func TestEveryLimitHasWords(t *testing.T) {
	for _, k := range []glovebox.Kind{glovebox.KindTimeout, glovebox.KindOutOfMemory, glovebox.KindPids, glovebox.KindDisk, glovebox.KindOutput} {
		if e := limitFault(k, work{}); e.Kind != k || e.Message == "" || e.Hint == "" || e.Field == "" {
			t.Errorf("%s: %+v", k, e)
		}
	}
}
