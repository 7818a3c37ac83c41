package fake_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/provider/fake"
	"glovebox/provider/providertest"
)

type sink struct {
	mu   sync.Mutex
	said []glovebox.Report
}

func (s *sink) Report(r glovebox.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, r)
}

func (s *sink) NodeSeen(glovebox.Node) {}

func (s *sink) all() []glovebox.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.said)
}

func world(p *fake.Provider) providertest.World {
	s := &sink{}
	p.Open(s)
	return providertest.World{
		Provider: p, Node: p.Node.Name, Digest: "sha256:1", Never: []string{"never"}, Exit: []string{"exit", "7"},
		Reports: s.all, Starts: func(name string) int { return p.Starts()[name] },
	}
}

func TestProvider(t *testing.T) {
	providertest.Run(t, func(*testing.T) providertest.World { return world(fake.New(100)) })
}

// TestSlowProvider: the same when everything takes its time.
func TestSlowProvider(t *testing.T) {
	providertest.Run(t, func(*testing.T) providertest.World {
		p := fake.New(100)
		p.StartTime, p.StopTime, p.RemoveTime = 2*time.Millisecond, time.Millisecond, 3*time.Millisecond
		return world(p)
	})
}

func job(args ...string) glovebox.Job {
	return glovebox.Job{ID: "j", Node: "n1", Command: glovebox.Command{Args: args}}
}

// TestScripts plays each kind of script.
func TestScripts(t *testing.T) {
	for _, c := range []struct {
		args  []string
		code  int
		fault glovebox.Kind
		takes time.Duration
	}{
		{[]string{"echo", "hi", "you"}, 0, "", 0},
		{[]string{"exit", "7"}, 7, "", 0},
		{[]string{"sleep", "50ms"}, 0, "", 50 * time.Millisecond},
		{[]string{"fault", "no_executable"}, 0, glovebox.KindNoExecutable, 0},
	} {
		t.Run(c.args[0], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, s := fake.New(1), &sink{}
				p.Open(s)
				began := time.Now()
				if _, err := p.Make(t.Context(), job(c.args...), p.Plan(job())[0]); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				var x *glovebox.NodeExit
				for _, r := range s.all() { // reports of one instant come in any order
					if r.Exit != nil {
						x = r.Exit
					}
				}
				switch {
				case x == nil:
					t.Fatal("it has not ended")
				case c.fault != "":
					if x.Result != nil || x.Fault.Kind != c.fault || len(p.Starts()) != 0 {
						t.Errorf("%+v", x)
					}
				case x.Result.ExitCode != c.code || time.Duration(x.Result.Duration) != c.takes || x.Fault != nil:
					t.Errorf("%+v after %s", x.Result, time.Since(began))
				}
			})
		})
	}
}

// TestRestart: what nobody orders again is destroyed, what is ordered goes on
// and is told again.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fake.New(2)
		p.Open(&sink{})
		kept, left := job("never"), job("never")
		left.ID = "k"
		for _, j := range []glovebox.Job{kept, left} {
			if _, err := p.Make(t.Context(), j, p.Plan(j)[0]); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		p.Restart()
		if _, err := p.Make(t.Context(), kept, p.Plan(kept)[0]); err != nil {
			t.Fatal(err)
		}
		s := &sink{}
		p.Open(s)
		owned, err := p.Owned(t.Context())
		if err != nil || len(owned) != 1 || owned[0].Job != "j" {
			t.Errorf("left: %v, %v", owned, err)
		}
		if len(s.all()) != 1 || s.all()[0].Started.IsZero() {
			t.Errorf("told: %+v", s.all())
		}
	})
}

// TestFaults: a step that is asked to fail does so, before or after its effect.
func TestFaults(t *testing.T) {
	boom := errors.New("boom")
	for _, step := range []fake.Step{fake.StepMake, fake.StepMade, fake.StepRemove, fake.StepOwned} {
		p := fake.New(1)
		p.Fail = func(s fake.Step, _ glovebox.Resource) error {
			if s == step {
				return boom
			}
			return nil
		}
		r := p.Plan(job())[0]
		_, made := p.Make(t.Context(), job("never"), r)
		_, listed := p.Owned(t.Context())
		_, removed := p.Remove(t.Context(), job(), r)
		for s, err := range map[bool]error{step == fake.StepMake || step == fake.StepMade: made, step == fake.StepOwned: listed, step == fake.StepRemove: removed} {
			if s && err != boom || !s && err != nil {
				t.Errorf("%s: %v", step, err)
			}
		}
	}
}
