package agent

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"glovebox"
	"glovebox/internal/nodev1"
)

const otherDigest = "sha256:f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// warmFor is a template as control tells it.
func warmFor(name, digest, interpreter string) *nodev1.Template {
	return &nodev1.Template{
		Name: name, Interpreter: interpreter, Min: 1, Max: 1, Env: []string{"PATH=/bin", "PYTHON_VERSION=3"}, Workdir: "/",
		Image: &nodev1.Image{Name: name, Digest: digest, Config: &nodev1.Blob{Digest: digest},
			Layers: []*nodev1.Layer{{Blob: &nodev1.Blob{Digest: digest}, DiffId: digest}}},
	}
}

// templates has control tell of these and no others.
func (r *rig) templates(all ...*nodev1.Template) {
	r.control.change(func() {
		r.control.revision++
		r.control.warm = &nodev1.Templates{All: all}
	})
}

// pools waits for a report of all pools that cond likes.
func (r *rig) pools(what string, cond func(by map[string]*nodev1.Pool) bool) (by map[string]*nodev1.Pool) {
	r.t.Helper()
	eventually(r.t, what, func() bool {
		r.control.mu.Lock()
		defer r.control.mu.Unlock()
		if len(r.control.reqs) == 0 {
			return false
		}
		by = map[string]*nodev1.Pool{}
		for _, p := range r.control.reqs[len(r.control.reqs)-1].GetPools() {
			by[p.GetTemplate()] = p
		}
		return cond(by)
	})
	return by
}

// full says whether just these templates have one parked each, and nothing else.
func full(names ...string) func(map[string]*nodev1.Pool) bool {
	return func(by map[string]*nodev1.Pool) bool {
		return len(by) == len(names) && !slices.ContainsFunc(names, func(name string) bool {
			return parkedOf(by[name]) != 1 || len(by[name].GetSlots()) != 1
		})
	}
}

// usual makes an order one that a parked python3 can become.
func usual(w *nodev1.Work) {
	l := glovebox.DefaultLimits()
	w.Limits.Disk, w.Limits.Inodes, w.Limits.Files = l.Disk, l.Inodes, l.Files
	w.Args, w.Env = []string{"python3", "-c", "1"}, []string{"PATH=/bin", "PYTHON_VERSION=3", "TOKEN=x"}
}

// TestTemplates: a job takes what saves it most, and is told of with what it
// took: its image's interpreter if it fits, then its image's, then any.
func TestTemplates(t *testing.T) {
	r, node := newPoolRig(t, 1, 1)
	r.templates(warmFor("box", testDigest, ""), warmFor("other", otherDigest, ""), warmFor("python", testDigest, "python3"))
	r.start()
	r.pools("full", full("box", "other", "python", glovebox.PoolGeneric))
	for _, digest := range []string{testDigest, otherDigest} {
		if !node.before("image "+digest, "park ") {
			t.Errorf("parked for an image that was not asked for: %v", node.calls)
		}
	}
	r.node.setFail("park", func(string) error { return glovebox.Errorf(glovebox.KindUnavailable, "no more") })
	r.node.mu.Lock()
	r.node.commands["python3"] = hello
	r.node.mu.Unlock()
	for i, want := range []string{"python", "box", glovebox.PoolGeneric, ""} {
		id := r.job(hello, usual)
		s := r.exited(id)
		from := glovebox.FromPool
		if want == "" {
			from = glovebox.FromCold
		}
		if s.GetTemplate() != want || s.GetStartedFrom() != from {
			t.Errorf("job %d: told %v, want %q", i, s, want)
		}
		r.finished(id)
	}
	r.pools("counted", func(by map[string]*nodev1.Pool) bool {
		return by["python"].GetHits() == 1 && by["python"].GetMisses()[missEmpty] == 3 && by["box"].GetHits() == 1 &&
			by["box"].GetMisses()[missEmpty] == 2 && by["other"].GetHits() == 0 && len(by["other"].GetMisses()) == 0 &&
			by[glovebox.PoolGeneric].GetHits() == 1 && parkedOf(by["other"]) == 1
	})
}

// before says whether a call was made, and before the first of another kind.
func (n *parkNode) before(call, kind string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.Index(n.calls, call)
	return i >= 0 && slices.ContainsFunc(n.calls[i:], func(c string) bool { return strings.HasPrefix(c, kind) })
}

// TestUnfit: a job that a parked interpreter cannot become is no demand for one,
// and takes another sandbox.
func TestUnfit(t *testing.T) {
	r, _ := newPoolRig(t, 1, 1)
	r.templates(warmFor("python", testDigest, "python3"))
	r.start()
	r.node.mu.Lock()
	for _, program := range []string{"python3", "sh"} {
		r.node.commands[program] = hello
	}
	r.node.mu.Unlock()
	for name, change := range map[string]func(*nodev1.Work){
		"another program":   func(w *nodev1.Work) { w.Args[0] = "sh" },
		"another flag":      func(w *nodev1.Work) { w.Args = []string{"python3", "-I", "-c", "1"} },
		"another user":      func(w *nodev1.Work) { w.User = "1000" },
		"more disk":         func(w *nodev1.Work) { w.Limits.Disk *= 2 },
		"fewer inodes":      func(w *nodev1.Work) { w.Limits.Inodes-- },
		"fewer open files":  func(w *nodev1.Work) { w.Limits.Files-- },
		"it reads that":     func(w *nodev1.Work) { w.Env = append(w.Env, "PYTHONSTARTUP=x") },
		"an image's value":  func(w *nodev1.Work) { w.Env[1] = "PYTHON_VERSION=2" },
		"another image":     func(w *nodev1.Work) { w.Image.Digest = otherDigest },
		"positive control":  nil,
		"another workdir":   nil,
		"its own variables": nil,
	} {
		t.Run(name, func(t *testing.T) {
			r.pools("full", full("python", glovebox.PoolGeneric))
			want := glovebox.PoolGeneric
			if change == nil {
				want, change = "python", func(w *nodev1.Work) { w.Workdir = "/tmp"; w.Env = append(w.Env, "B="+name) }
			}
			id := r.job(hello, usual, change)
			if s := r.exited(id); s.GetTemplate() != want {
				t.Errorf("told %v, want %q", s, want)
			}
			r.finished(id)
		})
	}
	r.pools("counted", func(by map[string]*nodev1.Pool) bool {
		return by["python"].GetHits() == 3 && len(by["python"].GetMisses()) == 0 && by[glovebox.PoolGeneric].GetHits() == 9
	})
}

// TestTemplateRemoved: what is parked for a template that is gone goes, also what
// is being made of it; jobs that took one run on.
func TestTemplateRemoved(t *testing.T) {
	r, node := newPoolRig(t, 1, 1)
	r.templates(warmFor("box", testDigest, ""), warmFor("late", otherDigest, ""))
	r.start()
	r.pools("full", full("box", "late", glovebox.PoolGeneric))
	id := r.job(stay)
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	hold, held := make(chan struct{}), make(chan string, 8)
	node.setFail("park", func(id string) error { held <- id; <-hold; return nil })
	taken := r.job(hello)
	r.exited(taken) // and one for "box" or any is being made
	<-held
	r.templates()
	close(hold)
	r.pools("only the generic one", full(glovebox.PoolGeneric))
	if got := node.parked(); len(got) != 1 {
		t.Errorf("parked %v", got)
	}
	if s := r.phase(id, nodev1.Phase_PHASE_RUNNING); s.GetTemplate() != "box" {
		t.Errorf("told %v", s)
	}
	r.control.stop(id, 0)
	r.exited(id)
	r.finished(id)
	r.finished(taken)
}

// TestTemplateAgain: another template of a name that was just removed takes its
// place, and no job of the one gets a sandbox of the other.
func TestTemplateAgain(t *testing.T) {
	r, node := newPoolRig(t, 1, 1)
	r.templates(warmFor("box", testDigest, ""))
	r.start()
	first := r.pools("full", full("box", glovebox.PoolGeneric))["box"].GetSlots()[0].GetId()
	node.setResidue(glovebox.Residue{Kind: "mount", Name: "/x", Sandbox: first})
	r.templates(warmFor("box", otherDigest, ""))
	r.pools("leaving", func(by map[string]*nodev1.Pool) bool {
		s := by["box"].GetSlots()
		return len(s) == 1 && s[0].GetState() == nodev1.SlotState_SLOT_STATE_LEAVING && by["box"].GetCeiling() == 0
	})
	id := r.job(hello)
	if s := r.exited(id); s.GetTemplate() != glovebox.PoolGeneric {
		t.Errorf("told %v", s)
	}
	r.finished(id)
	node.setResidue()
	by := r.pools("the new one", full("box", glovebox.PoolGeneric))
	if by["box"].GetImage() != otherDigest || by["box"].GetSlots()[0].GetId() == first {
		t.Errorf("told %v", by["box"])
	}
}

// TestTemplateImage: nothing is parked for an image that cannot be fetched, the
// generic pool does not wait for it, and it is asked for again.
func TestTemplateImage(t *testing.T) {
	r, node := newPoolRig(t, 1, 1)
	node.setFail("image", func(digest string) error {
		if digest == otherDigest {
			return glovebox.Errorf(glovebox.KindImageUnknown, "control does not hand it out")
		}
		return nil
	})
	r.templates(warmFor("box", testDigest, ""), warmFor("lost", otherDigest, ""))
	r.start()
	r.pools("failing", func(by map[string]*nodev1.Pool) bool {
		return by["lost"].GetFailures() >= 2 && len(by["lost"].GetSlots()) == 0 && parkedOf(by["box"]) == 1 && parkedOf(by[glovebox.PoolGeneric]) == 1
	})
	node.setFail("image", nil)
	r.pools("full", full("box", "lost", glovebox.PoolGeneric))
	// An image that has gone meanwhile is asked for again, too.
	asked := node.count("image")
	gone := true
	node.setFail("park", func(string) error {
		if gone {
			gone = false
			return glovebox.Errorf(glovebox.KindImageInvalid, "not unpacked")
		}
		return nil
	})
	id := r.job(hello)
	r.exited(id)
	r.finished(id)
	r.pools("full again", full("box", "lost", glovebox.PoolGeneric))
	if node.count("image") < asked+2 { // the job's own, and the template's
		t.Errorf("%d times asked for", node.count("image")-asked)
	}
}

// TestTemplateFetchEnds: an image that takes for ever to come holds up neither
// the removal of its template nor the agent's end.
func TestTemplateFetchEnds(t *testing.T) {
	r, _ := newPoolRig(t, 1, 1)
	began, ended := make(chan struct{}, 8), make(chan struct{}, 8)
	r.node.fetch = func(ctx context.Context, _ glovebox.FetchBlob) error {
		began <- struct{}{}
		<-ctx.Done()
		ended <- struct{}{}
		return ctx.Err()
	}
	r.templates(warmFor("box", testDigest, ""))
	r.start()
	<-began
	r.templates()
	<-ended
	r.pools("gone", full(glovebox.PoolGeneric))
	r.templates(warmFor("box", testDigest, ""))
	<-began
	r.stop()
	<-ended
}

// TestTemplatesOff: without a pool nothing is parked or fetched for templates.
func TestTemplatesOff(t *testing.T) {
	r, node := newPoolRig(t, 0, 0)
	r.templates(warmFor("box", testDigest, ""))
	r.start()
	id := r.job(hello)
	if s := r.exited(id); s.GetStartedFrom() != glovebox.FromCold || s.GetTemplate() != "" {
		t.Errorf("told %v", s)
	}
	r.pools("a miss", func(by map[string]*nodev1.Pool) bool {
		return by["box"].GetMisses()[missOff] == 1 && by["box"].GetCeiling() == 0
	})
	if node.count("park") != 0 || node.count("image") != 1 {
		t.Errorf("calls %v", node.calls)
	}
	r.finished(id)
}

func TestParseTemplates(t *testing.T) {
	with := func(change func(w *nodev1.Template)) *nodev1.Template {
		w := warmFor("odd", testDigest, "")
		change(w)
		return w
	}
	bad := []*nodev1.Template{
		with(func(w *nodev1.Template) { w.Name = "" }),
		with(func(w *nodev1.Template) { w.Name = "Python" }),
		with(func(w *nodev1.Template) { w.Name = glovebox.PoolGeneric }),
		with(func(w *nodev1.Template) { w.Name = "good" }),
		with(func(w *nodev1.Template) { w.Image = nil }),
		with(func(w *nodev1.Template) { w.Image.Digest = "sha256:../x" }),
		with(func(w *nodev1.Template) { w.Interpreter = "ruby" }),
		with(func(w *nodev1.Template) { w.Min = -1 }),
		with(func(w *nodev1.Template) { w.Min, w.Max = 3, 2 }),
		with(func(w *nodev1.Template) { w.Max = MaxPool + 1 }),
		with(func(w *nodev1.Template) { w.Env = []string{"A=\x00"} }),
	}
	log := slog.New(slog.DiscardHandler)
	got := parseTemplates(append([]*nodev1.Template{warmFor("good", testDigest, "node")}, bad...), log)
	if len(got) != 1 || got[0].Name != "good" || got[0].Interpreter != "node" || len(got[0].Image.Defaults.Env) != 2 {
		t.Errorf("%+v", got)
	}
	var many []*nodev1.Template
	for i := range 2 * glovebox.MaxTemplates {
		many = append(many, warmFor("t"+strings.Repeat("x", i%60)+string(rune('a'+i/60)), testDigest, ""))
	}
	if got := parseTemplates(many, log); len(got) != glovebox.MaxTemplates {
		t.Errorf("%d of %d", len(got), len(many))
	}
}
