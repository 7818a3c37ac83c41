package containerd_test

import (
	"testing"

	"glovebox"
	"glovebox/runtime/containerd"
)

// TestLivedOn: an error is believed if containerd and the shim have lived
// through it, and not if one of them was away or is another one now.
func TestLivedOn(t *testing.T) {
	n := newNode(t, glovebox.RuntimeGVisor)
	r := n.open(t)
	for _, c := range []struct {
		name       string
		end, begin func()
		shim       bool
	}{
		{"shim", func() { n.shim.kill() }, func() { n.startShim(t) }, true},
		{"containerd", func() { n.daemon.kill() }, func() { n.startDaemon(t) }, false},
	} {
		all, daemon := containerd.Witness(r, glovebox.RuntimeGVisor), containerd.Witness(r, "")
		if !all() || !daemon() {
			t.Fatalf("%s: not the same although nobody died", c.name)
		}
		c.end()
		if c.shim && all() { // without containerd the question waits for it
			t.Errorf("%s: the same while it is away", c.name)
		}
		c.begin()
		if all() || daemon() != c.shim {
			t.Errorf("%s: after another was started: all %v, containerd alone %v", c.name, all(), daemon())
		}
		if again := containerd.Witness(r, glovebox.RuntimeGVisor); !again() {
			t.Errorf("%s: not the same as a moment ago", c.name)
		}
	}
}
