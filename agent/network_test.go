package agent

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"glovebox"
	"glovebox/internal/nodev1"
)

// testNet is a network of nothing but a list of its links and calls.
type testNet struct {
	mu    sync.Mutex
	links map[string]*testLink
	calls []string
	fail  map[string]error // by call
}

type testLink struct {
	open   bool
	access glovebox.Access
	tell   func([]glovebox.NetEvent)
}

func newTestNet() *testNet {
	return &testNet{links: map[string]*testLink{}, fail: map[string]error{}}
}

// call notes one, and does it if it is not to fail.
func (n *testNet) call(name, id string, do func(l *testLink) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, name+" "+id)
	if err := n.fail[name]; err != nil {
		return err
	}
	return do(n.links[id])
}

func noLink(id string) error { return glovebox.Errorf(glovebox.KindNotFound, "no link %s", id) }

func (n *testNet) Attach(_ context.Context, id string) (string, error) {
	return "/net/" + id, n.call("attach", id, func(l *testLink) error {
		if l != nil {
			return glovebox.Errorf(glovebox.KindConflict, "link %s exists", id)
		}
		n.links[id] = &testLink{}
		return nil
	})
}

func (n *testNet) Open(_ context.Context, id string, a glovebox.Access, tell func([]glovebox.NetEvent)) ([]glovebox.File, error) {
	files := []glovebox.File{{Path: "/etc/resolv.conf", Data: glovebox.NewSecretValue([]byte(id))}}
	return files, n.call("open", id, func(l *testLink) error {
		if l == nil {
			return noLink(id)
		}
		l.open, l.access, l.tell = true, a, tell
		return nil
	})
}

func (n *testNet) Change(_ context.Context, id string, a glovebox.Access) error {
	return n.call("change", id, func(l *testLink) error {
		if l == nil || !l.open {
			return noLink(id)
		}
		l.access = a
		return nil
	})
}

func (n *testNet) Close(_ context.Context, id string) error {
	return n.call("close", id, func(l *testLink) error {
		if l != nil && l.open {
			l.open = false
			l.tell([]glovebox.NetEvent{{Type: glovebox.NetClose, Name: "last"}})
		}
		return nil
	})
}

func (n *testNet) Detach(_ context.Context, id string) error {
	return n.call("detach", id, func(*testLink) error { delete(n.links, id); return nil })
}

func (n *testNet) Links(context.Context) (ids []string, err error) {
	err = n.call("links", "", func(*testLink) error {
		for id := range n.links {
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

func (n *testNet) Residue(_ context.Context, live map[string]bool) (left []glovebox.Residue, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.links {
		if !live[id] {
			left = append(left, glovebox.Residue{Kind: "namespace", Name: id, Sandbox: id})
		}
	}
	return left, n.fail["residue"]
}

// link is what is known of one; nil if there is none.
func (n *testNet) link(id string) *testLink {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := n.links[id]; l != nil {
		seen := *l
		return &seen
	}
	return nil
}

// of are the calls of one id, in order.
func (n *testNet) of(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for _, c := range n.calls {
		if name, ok := strings.CutSuffix(c, " "+id); ok && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, " ")
}

func (n *testNet) setFail(call string, err error) {
	n.mu.Lock()
	n.fail[call] = err
	n.mu.Unlock()
}

func access(revision int64, domains ...string) *nodev1.Access {
	var p glovebox.Policy
	for _, d := range domains {
		p.Egress = append(p.Egress, glovebox.EgressRule{Domain: d, Port: 443, Protocol: glovebox.EgressTLS})
	}
	text, _ := json.Marshal(p)
	return &nodev1.Access{Revision: revision, Policy: text,
		Headers: []*nodev1.HeaderSecret{{Domain: "a.example", Header: "Authorization", Value: []byte("canary-header")}},
		Files:   []*nodev1.File{{Path: "/run/secrets/x", Data: []byte("canary-file")}}}
}

// netRig is a rig with a network, and a job that may use it.
func netRig(t *testing.T, command func(*proc) int) (r *rig, n *testNet, order func() string) {
	r, n = newRig(t), newTestNet()
	r.cfg.Network = n
	return r, n, func() string {
		o := r.newOrder(command)
		o.Access = access(1, "a.example")
		r.control.order(o)
		return glovebox.SandboxID(o.Job, 1)
	}
}

// allFiles is what all regular files below dir hold.
func allFiles(dir string) (text string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		text += string(b)
		return err
	})
	return text, err
}

// told are the events that control has of a sandbox.
func (r *rig) told(id string) (all []glovebox.NetEvent) {
	r.control.mu.Lock()
	defer r.control.mu.Unlock()
	r.control.sizes(id)
	for line := range strings.Lines(r.control.outputs[id][2].String()) {
		var e glovebox.NetEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			r.t.Errorf("%q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

func TestNetworkOfAJob(t *testing.T) {
	r, n, order := netRig(t, stay)
	r.start()
	id := order()
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	spec := r.node.box(id).spec
	if spec.Netns != "/net/"+id || len(spec.Files) != 2 || string(spec.Files[0].Data.Reveal()) != "canary-file" {
		t.Errorf("it was made of %+v", spec)
	}
	l := n.link(id)
	if !l.open || l.access.Egress[0].Domain != "a.example" || string(l.access.Headers[0].Value.Reveal()) != "canary-header" {
		t.Errorf("open: %+v", l)
	}
	l.tell([]glovebox.NetEvent{{Type: glovebox.NetOpen, Name: "a.example", Allowed: true}})
	kept, err := allFiles(r.dir)
	if err != nil || strings.Contains(kept, "canary") || !strings.Contains(kept, "a.example") {
		t.Errorf("a secret is in the agent's folder, or nothing is: %v", err)
	}

	// Changed while it runs, with one failure on the way.
	n.setFail("change", noLink(id))
	r.control.change(func() {
		r.control.revision++
		o := proto.CloneOf(r.control.orders[id])
		o.Access = access(2)
		r.control.orders[id] = o
	})
	eventually(t, "a try to change it", func() bool { return strings.Contains(n.of(id), "change") })
	n.setFail("change", nil)
	eventually(t, "change", func() bool { return n.link(id).access.Revision == 2 })

	r.control.stop(id, time.Second)
	r.exited(id)
	eventually(t, "events", func() bool { return len(r.told(id)) == 2 })
	if e := r.told(id); e[0].Name != "a.example" || e[1].Name != "last" {
		t.Errorf("told %+v", e)
	}
	r.finished(id)
	if n.link(id) != nil || n.of(id) != "attach open change close detach" {
		t.Errorf("calls %q", n.of(id))
	}
}

// A new agent opens again what the old one had opened, once control has said
// what that is, and removes links that nobody has.
func TestNetworkAfterRestart(t *testing.T) {
	r, n, order := netRig(t, stay)
	r.start()
	id := order()
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	r.stop()
	stray, parked := "job-0123456789abcdef0123-1", glovebox.NewID(prefixParked)
	n.mu.Lock()
	n.links[id].open = false
	n.links[stray], n.links[parked] = &testLink{}, &testLink{}
	n.mu.Unlock()
	r.start()
	eventually(t, "opened again", func() bool { return n.link(id) != nil && n.link(id).open })
	eventually(t, "strays removed", func() bool { return n.link(stray) == nil && n.link(parked) == nil })
	r.control.stop(id, time.Second)
	r.exited(id)
	r.finished(id)
}

func TestNetworkThatFails(t *testing.T) {
	for _, call := range []string{"attach", "open"} {
		r, n, order := netRig(t, hello)
		n.setFail(call, glovebox.Errorf(glovebox.KindStart, "no %s", call))
		r.start()
		id := order()
		if f := r.exited(id).GetExit().GetFault(); f.GetKind() != string(glovebox.KindStart) {
			t.Errorf("%s: %v", call, f)
		}
		r.finished(id)
		if n.link(id) != nil || r.node.runs(id) != 0 {
			t.Errorf("%s: something is left, or it ran", call)
		}
	}
	r := newRig(t) // without a network
	r.start()
	o := r.newOrder(hello)
	o.Access = access(1, "a.example")
	r.control.order(o)
	id := glovebox.SandboxID(o.Job, 1)
	if f := r.exited(id).GetExit().GetFault(); f.GetField() != "policy.egress" || f.GetHint() == "" {
		t.Errorf("without a filter: %v", f)
	}
	r.finished(id)
}

// Residue of a link counts as what is left of its sandbox.
func TestLinkThatStays(t *testing.T) {
	r, n, order := netRig(t, hello)
	n.setFail("detach", glovebox.Errorf(glovebox.KindInternal, "busy"))
	r.start()
	id := order()
	r.exited(id)
	r.control.drop(id)
	r.until(id, "told as residue", func(s *nodev1.Sandbox) bool {
		return len(s.GetResidue()) == 1 && s.GetResidue()[0].GetKind() == "namespace"
	})
	n.setFail("detach", nil)
	r.finished(id)
}

// Parked sandboxes with a link are for jobs with a network, and the others not.
func TestNetworkPool(t *testing.T) {
	r, node := newPoolRig(t, 1, 1)
	n := newTestNet()
	r.cfg.Network = n
	r.start()
	r.has(1)
	run := func(a *nodev1.Access, from string) string {
		o := r.newOrder(hello)
		o.Access = a
		r.control.order(o)
		id := glovebox.SandboxID(o.Job, 1)
		if s := r.exited(id); s.GetStartedFrom() != from {
			t.Errorf("started from %s", s.GetStartedFrom())
		}
		r.finished(id)
		return id
	}
	run(access(1, "a.example"), glovebox.FromCold) // there was none for it
	var ready string
	eventually(t, "one with a link", func() bool {
		for _, id := range node.parked() {
			if n.link(id) != nil {
				ready = id
			}
		}
		return ready != ""
	})
	id := run(access(1, "a.example"), glovebox.FromPool)
	if n.of(ready) != "attach open close detach" || n.of(id) != "close detach" {
		t.Errorf("calls %q of the parked one and %q of its own id", n.of(ready), n.of(id))
	}
	run(nil, glovebox.FromPool)
}

// Events are bounded, and what is beyond is counted.
func TestEventsBounded(t *testing.T) {
	r, n, order := netRig(t, stay)
	r.start()
	id := order()
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	tell, many := n.link(id).tell, make([]glovebox.NetEvent, 1000)
	for i := range many {
		many[i] = glovebox.NetEvent{Type: glovebox.NetOpen, Name: strings.Repeat("x", 1000)}
	}
	for range 20 {
		tell(many)
	}
	r.control.stop(id, time.Second)
	s := r.exited(id)
	eventually(t, "all shipped", func() bool { return r.control.acked(id).GetEvents() == s.GetEvents() })
	all := r.told(id)
	last := all[len(all)-1]
	if s.GetEvents() > maxEvents+1000 || last.Missed+int64(len(all)-1) != 20_001 {
		t.Errorf("%d bytes, %d events, the last says that %d were missed", s.GetEvents(), len(all), last.Missed)
	}
	r.finished(id)
}
