package agent

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"glovebox"
	"glovebox/internal/nodev1"
)

// testWatcher sees what a test says, of whatever sandbox there is.
type testWatcher struct {
	mu    sync.Mutex
	seen  glovebox.Observed
	err   error
	looks int
}

func (w *testWatcher) Watched(context.Context, string) (glovebox.Observed, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	return w.seen, w.err
}

func (w *testWatcher) set(err error, things ...glovebox.Observation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range things {
		things[i].First, things[i].Last, things[i].Count = noonThen, noonThen, 1
	}
	w.seen, w.err = glovebox.Observed{Things: things, TasksPeak: 1}, err
}

func (w *testWatcher) looked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.looks
}

var (
	noonThen = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	metadata = glovebox.Observation{Kind: glovebox.ObserveMetadata, Address: "169.254.169.254:80", Proto: "tcp", Result: "ENETUNREACH"}
	shell    = glovebox.Observation{Kind: glovebox.ObserveExec, Path: "/bin/sh", Arg0: "sh"}
	dropped  = glovebox.Observation{Kind: glovebox.ObserveExec, Path: "/tmp/a", Arg0: "a"}
)

// watchRig is a rig whose jobs are watched, and one that a policy is about.
func watchRig(t *testing.T, command func(*proc) int) (r *rig, w *testWatcher, order func(glovebox.Policy) string) {
	r, w = newRig(t), &testWatcher{}
	r.cfg.Watcher, r.cfg.WatchEvery = w, 5*time.Millisecond
	r.cfg.Network = newTestNet()
	return r, w, func(p glovebox.Policy) string {
		o := r.newOrder(command)
		o.Access = policyAccess(1, p)
		r.control.order(o)
		return glovebox.SandboxID(o.Job, 1)
	}
}

func policyAccess(revision int64, p glovebox.Policy) *nodev1.Access {
	text, _ := json.Marshal(p)
	return &nodev1.Access{Revision: revision, Policy: text}
}

// of are the events of a type.
func of(all []glovebox.NetEvent, typ string) []glovebox.NetEvent {
	return slices.DeleteFunc(slices.Clone(all), func(e glovebox.NetEvent) bool { return e.Type != typ })
}

// watchFound waits until a finding of a rule is told.
func (r *rig) watchFound(id, rule string) *nodev1.Finding {
	r.t.Helper()
	var f *nodev1.Finding
	r.until(id, "told of "+rule, func(s *nodev1.Sandbox) bool {
		at := slices.IndexFunc(s.GetFindings(), func(f *nodev1.Finding) bool { return f.GetRule() == rule })
		if at >= 0 {
			f = s.GetFindings()[at]
		}
		return at >= 0
	})
	return f
}

// TestFindingIsTold: while the job runs, to control and in its events, once.
func TestFindingIsTold(t *testing.T) {
	r, w, order := watchRig(t, stay)
	w.set(nil, shell)
	r.start()
	id := order(glovebox.Policy{})
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	if level := r.node.box(id).spec.Watch; level != glovebox.WatchDefault {
		t.Errorf("it was made with watch %q", level)
	}
	w.set(nil, shell, metadata)
	f := r.watchFound(id, "metadata_probe")
	if f.GetSeverity() != "medium" || f.GetScore() != 0.7 || len(f.GetEvidence()) != 1 || !strings.HasPrefix(f.GetEvidence()[0], "169.254.169.254:80") {
		t.Errorf("told %v", f)
	}
	for n := w.looked(); w.looked() < n+3; { // the same again
		time.Sleep(time.Millisecond)
	}
	r.control.stop(id, 0)
	if s := r.exited(id); s.GetExit().GetFault().GetKind() != "" {
		t.Errorf("told %v", s)
	}
	eventually(t, "events", func() bool { return len(of(r.told(id), glovebox.NetFinding)) > 0 })
	if e := of(r.told(id), glovebox.NetFinding); len(e) != 1 || e[0].Finding.Rule != "metadata_probe" || !e[0].At.Equal(noonThen) {
		t.Errorf("events %+v", e)
	}
	r.finished(id)
}

// TestPolicyEndsAJob: from the severity on that the policy says, whenever that is
// found, and not below it.
func TestPolicyEndsAJob(t *testing.T) {
	profile := &glovebox.Profile{Runs: 1, Execs: []string{"/bin/sh"}, Kinds: []string{"exec"}}
	for _, c := range []struct {
		name    string
		policy  glovebox.Policy
		things  []glovebox.Observation
		message string // "" = it goes on
	}{
		{"nothing said", glovebox.Policy{}, []glovebox.Observation{metadata}, ""},
		{"below", glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "high"}}, []glovebox.Observation{metadata}, ""},
		{"at", glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "medium"}}, []glovebox.Observation{metadata}, "metadata_probe (score 0.70, medium: 169.254.169.254:80"},
		{"within the profile", glovebox.Policy{Watch: glovebox.WatchPolicy{Drift: 0.3}, Profile: profile}, []glovebox.Observation{shell}, ""},
		{"drift that is told of", glovebox.Policy{Profile: profile}, []glovebox.Observation{shell, dropped}, ""},
		{"drift", glovebox.Policy{Watch: glovebox.WatchPolicy{Drift: 0.3}, Profile: profile}, []glovebox.Observation{shell, dropped}, "drift (score 0.30, low: program /tmp/a"},
	} {
		for how, command := range map[string]func(*proc) int{"running": stay, "quick": func(*proc) int { return 0 }} {
			t.Run(c.name+", "+how, func(t *testing.T) {
				r, w, order := watchRig(t, command)
				w.set(nil, c.things...)
				r.start()
				id := order(c.policy)
				if c.message == "" && how == "running" {
					r.phase(id, nodev1.Phase_PHASE_RUNNING)
					for n := w.looked(); w.looked() < n+3; {
						time.Sleep(time.Millisecond)
					}
					r.control.stop(id, 0)
				}
				s := r.exited(id)
				fault := s.GetExit().GetFault()
				if c.message == "" && fault != nil || c.message != "" && (fault.GetKind() != "denied" || !strings.Contains(fault.GetMessage(), c.message)) {
					t.Errorf("fault %v", fault)
				}
				if how == "running" && c.message != "" && s.GetExit().GetSignal() != 9 {
					t.Errorf("exit %v", s.GetExit())
				}
				if drifts := strings.HasPrefix(c.name, "drift"); drifts {
					r.watchFound(id, "drift")
				}
				r.finished(id)
			})
		}
	}
}

// TestChangedPolicyEndsAJob: what was found before counts, too.
func TestChangedPolicyEndsAJob(t *testing.T) {
	r, w, order := watchRig(t, stay)
	w.set(nil, metadata)
	r.start()
	id := order(glovebox.Policy{})
	r.watchFound(id, "metadata_probe")
	r.control.change(func() {
		r.control.revision++
		o := proto.CloneOf(r.control.orders[id])
		o.Access = policyAccess(2, glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "low"}})
		r.control.orders[id] = o
	})
	if s := r.exited(id); s.GetExit().GetFault().GetKind() != "denied" {
		t.Errorf("told %v", s)
	}
	r.finished(id)
}

// TestFindingsOutliveTheAgent: the next one tells control of them, writes no
// second event, and keeps to the policy.
func TestFindingsOutliveTheAgent(t *testing.T) {
	r, w, order := watchRig(t, stay)
	w.set(nil, metadata)
	r.start()
	id := order(glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "high"}})
	first := r.watchFound(id, "metadata_probe")
	r.restart()
	if again := r.watchFound(id, "metadata_probe"); !proto.Equal(again, first) {
		t.Errorf("told %v after %v", again, first)
	}
	for n := w.looked(); w.looked() < n+3; {
		time.Sleep(time.Millisecond)
	}
	other := metadata
	other.Address = "169.254.170.2:80"
	w.set(nil, metadata, other)
	if s := r.exited(id); s.GetExit().GetFault().GetKind() != "denied" {
		t.Errorf("told %v", s)
	}
	eventually(t, "events", func() bool { return len(of(r.told(id), glovebox.NetFinding)) > 1 })
	e := of(r.told(id), glovebox.NetFinding)
	if len(e) != 2 || e[0].Finding.Severity != "medium" || e[1].Finding.Severity != "high" {
		t.Errorf("events %+v", e)
	}
	r.finished(id)
}

// TestFilterIsWatched: what the filter refuses is judged, in the order of the
// events that it makes, and at the end there is a profile of an observed job.
func TestFilterIsWatched(t *testing.T) {
	r, w, order := watchRig(t, stay)
	w.set(nil, shell)
	r.start()
	id := order(glovebox.Policy{Observe: true})
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	if level := r.node.box(id).spec.Watch; level != glovebox.WatchFull {
		t.Errorf("it was made with watch %q", level)
	}
	l := r.cfg.Network.(*testNet).link(id)
	l.tell([]glovebox.NetEvent{{At: noonThen, Type: glovebox.NetOpen, Address: "169.254.169.254:80", Reason: glovebox.NetForbidden}})
	r.watchFound(id, "metadata_probe")
	r.control.stop(id, 0)
	r.exited(id)
	var kinds []string
	eventually(t, "the profile", func() bool { return len(of(r.told(id), glovebox.NetProfile)) > 0 })
	for _, e := range r.told(id) {
		kinds = append(kinds, e.Type)
	}
	if want := []string{"open", "finding", "close", "profile"}; !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
	if p := of(r.told(id), glovebox.NetProfile)[0].Profile; p.Runs != 1 || !slices.Equal(p.Execs, []string{"/bin/sh"}) || p.Tasks != 1 {
		t.Errorf("profile %+v", p)
	}
	r.finished(id)
}

// TestNobodyWatches: a job goes on whether its runtime can see it or not.
func TestNobodyWatches(t *testing.T) {
	for name, err := range map[string]error{
		"cannot": glovebox.Errorf(glovebox.KindConflict, "not watched"), "later": glovebox.Errorf(glovebox.KindUnavailable, "away"),
	} {
		t.Run(name, func(t *testing.T) {
			r, w, order := watchRig(t, stay)
			w.set(err)
			r.start()
			id := order(glovebox.Policy{Watch: glovebox.WatchPolicy{Kill: "low"}})
			r.phase(id, nodev1.Phase_PHASE_RUNNING)
			eventually(t, "a look", func() bool { return w.looked() > 0 })
			r.control.stop(id, 0)
			if s := r.exited(id); s.GetExit().GetFault() != nil || len(s.GetFindings()) != 0 {
				t.Errorf("told %v", s)
			}
			r.finished(id)
		})
	}
	t.Run("no watcher", func(t *testing.T) {
		r := newRig(t)
		r.start()
		id := r.job(func(*proc) int { return 0 })
		r.exited(id)
		if level := r.node.box(id).spec.Watch; level != glovebox.WatchOff {
			t.Errorf("it was made with watch %q", level)
		}
		r.finished(id)
	})
}

// TestLooksAreBounded: many sandboxes are looked at less often each, so that the
// node spends no more on it.
func TestLooksAreBounded(t *testing.T) {
	a := &Agent{cfg: Config{WatchEvery: time.Second}, sandboxes: map[string]*sandbox{}}
	for n, want := range map[int]time.Duration{1: time.Second, 100: time.Second, 101: 1010 * time.Millisecond, 1000: 10 * time.Second} {
		clear(a.sandboxes)
		for i := range n {
			a.sandboxes[strings.Repeat("x", i)] = nil
		}
		if got := a.watchPause(); got != want {
			t.Errorf("%d sandboxes: each is looked at every %s, want %s", n, got, want)
		}
	}
}
