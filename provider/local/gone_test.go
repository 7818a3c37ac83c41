package local

import (
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// TestGone: a removed sandbox is gone when the node has carried the removal out
// and names it no more, and that is told once.
func TestGone(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		job, r := c.order("j1", "n1")
		n.sync()
		n.have = []*nodev1.Sandbox{running("j1")}
		held := n.begin()
		c.remove(job, r)
		<-held.ended
		if len(held.resp.GetWant()) != 0 {
			t.Errorf("still ordered: %v", held.resp)
		}
		n.known = held.resp.GetRevision()
		n.have[0].Phase = nodev1.Phase_PHASE_DESTROYING
		call := n.begin()
		if gone(c.sink.all(), "j1") {
			t.Error("said to be gone while the node names it")
		}
		n.have = nil
		n.begin()
		if !gone(c.sink.take(), "j1") {
			t.Error("not said to be gone")
		}
		<-call.ended
		n.sync()
		if said := c.sink.all(); len(said) != 0 {
			t.Errorf("said again: %+v", said)
		}
	})
}

// TestGoneWithAnswerInFlight: the order was in an answer that the node had not
// read when it wrote its next list. That the list lacks the sandbox says
// nothing: the node may be about to make it.
func TestGoneWithAnswerInFlight(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		n.sync()
		held := n.begin()
		job, r := c.order("j1", "n1") // goes into the answer of the held call …
		<-held.ended
		c.remove(job, r)
		again := n.begin() // … which the node has not read yet
		<-again.ended
		if gone(c.sink.all(), "j1") {
			t.Fatal("said to be gone while the order was in flight")
		}
		n.known = held.resp.GetRevision() // it reads the old answer after all, and acts on it
		n.have = []*nodev1.Sandbox{running("j1")}
		next := n.begin()
		<-next.ended
		if gone(c.sink.all(), "j1") {
			t.Fatal("said to be gone while the node has it")
		}
		n.known, n.have = next.resp.GetRevision(), nil
		n.begin()
		if !gone(c.sink.all(), "j1") {
			t.Error("not said to be gone")
		}
	})
}

// TestGoneWithAbandonedCall: the node gives the held call up, so the answer
// with the order never reaches it.
func TestGoneWithAbandonedCall(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		n.sync()
		held := n.begin()
		held.abandon()
		<-held.ended
		job, r := c.order("j1", "n1")
		c.remove(job, r)
		n.sync()
		n.begin()
		if !gone(c.sink.all(), "j1") {
			t.Error("not said to be gone")
		}
	})
}

// TestGoneAfterRestartOfAgent: a list that an agent wrote before it died may
// come in after the first one of its successor. It proves nothing.
func TestGoneAfterRestartOfAgent(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		n.sync()
		old := n.request() // under way when the agent died
		n.restart("run2")
		job, r := c.order("j1", "n1")
		n.sync()
		c.remove(job, r)
		n.beginWith(old)
		if gone(c.sink.all(), "j1") {
			t.Error("said to be gone on the word of a dead agent")
		}
		n.have = []*nodev1.Sandbox{running("j1")}
		n.sync()
		n.have = nil
		n.begin()
		if !gone(c.sink.all(), "j1") {
			t.Error("not said to be gone")
		}
	})
}

// TestGoneAfterRestartOfControl: an order that this process never told may have
// been told by the one before it.
func TestGoneAfterRestartOfControl(t *testing.T) {
	for _, named := range []bool{true, false} {
		inBubble(t, func(c *control) {
			job, r := placed("j1", "n1")
			if named { // it was unfinished, so it is named before nodes are answered
				c.make(job, r)
			}
			c.open()
			c.remove(job, r)
			if gone(c.sink.all(), "j1") {
				t.Error("said to be gone before the node was heard")
			}
			n := c.node("n1")
			n.known, n.have = "of another process/7", []*nodev1.Sandbox{running("j1")}
			if want := n.sync(); len(want) != 0 {
				t.Errorf("ordered: %v", want)
			}
			n.have = nil
			n.begin()
			if !gone(c.sink.all(), "j1") {
				t.Error("not said to be gone")
			}
		})
	}
}

// lost says whether a report says that the node lost a job.
func lost(said []glovebox.Report, id string) bool {
	for _, r := range said {
		if r.Job == id && r.Exit != nil && r.Exit.Fault != nil && r.Exit.Fault.Kind == glovebox.KindNodeLost {
			return true
		}
	}
	return false
}

// TestVanished: a sandbox that ran and that its node does not name any more is
// lost. It is not ordered again: the command could run twice.
func TestVanished(t *testing.T) {
	for name, s := range map[string]*nodev1.Sandbox{"running": {Phase: nodev1.Phase_PHASE_RUNNING}, "exited": {Phase: nodev1.Phase_PHASE_EXITED}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(c *control) {
				n := c.open().node("n1")
				c.order("j1", "n1")
				n.sync()
				s.Job, s.Attempt = "j1", 1
				n.have, n.known = []*nodev1.Sandbox{s}, ""
				n.sync()
				n.restart("run2") // with its disk wiped
				n.have = nil
				if want := n.sync(); len(want) != 0 {
					t.Errorf("ordered again: %v", want)
				}
				if !lost(c.sink.take(), "j1") {
					t.Error("not said to be lost")
				}
				n.known = ""
				if n.sync(); len(c.sink.all()) != 0 {
					t.Errorf("said again: %+v", c.sink.all())
				}
			})
		})
	}
}

// TestVanishedWithPower: the node was told, and then it was switched off. What
// it had on disk may be lost, so nobody knows how far it came.
func TestVanishedWithPower(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("told", "n1")
		n.sync()
		c.order("untold", "n1")
		n.restart("run2")
		n.boot = "boot2"
		want := n.sync()
		if len(want) != 1 || want[0].GetJob() != "untold" {
			t.Errorf("ordered: %v", want)
		}
		if said := c.sink.all(); !lost(said, "told") || lost(said, "untold") {
			t.Errorf("reported: %+v", said)
		}
	})
}

// TestNotVanished: an agent that is killed before it made anything is told
// again.
func TestNotVanished(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		n.sync()
		n.have, n.known = []*nodev1.Sandbox{{Job: "j1", Attempt: 1, Phase: nodev1.Phase_PHASE_PREPARING}}, ""
		n.sync()
		n.restart("run2")
		n.have = nil
		if want := n.sync(); len(want) != 1 || len(c.sink.all()) != 0 {
			t.Errorf("ordered %v, reported %+v", want, c.sink.all())
		}
	})
}

// TestRunsWithoutImage: a job that runs when control restarts goes on, even if
// its image was deleted meanwhile.
func TestRunsWithoutImage(t *testing.T) {
	inBubble(t, func(c *control) {
		job, r := placed("j1", "n1")
		job.Status, job.StartedAt = glovebox.StatusRunning, time.Now()
		c.shelf.forget("sha256:one")
		c.make(job, r)
		n := c.open().node("n1")
		n.have = []*nodev1.Sandbox{running("j1")}
		if want := n.sync(); len(want) != 1 {
			t.Errorf("ordered: %v", want)
		}
		fresh, s := placed("j2", "n1")
		if _, err := c.Make(c.t.Context(), fresh, s); glovebox.KindOf(err) != glovebox.KindImageUnknown {
			t.Errorf("a new one: %v", err)
		}
	})
}

// TestStopsWhatHasEnded: a job that control has given up is stopped, not
// started.
func TestStopsWhatHasEnded(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		job, r := c.order("j1", "n1")
		ended, s := c.order("j2", "n1")
		n.have = []*nodev1.Sandbox{exited("j2", 0)}
		n.sync()
		job.Status, ended.Status = glovebox.StatusFailed, glovebox.StatusCompleted
		held := n.begin()
		c.make(ended, s)
		if !held.held() {
			t.Error("woken for a job that the node has ended by itself")
		}
		c.make(job, r)
		<-held.ended
		for _, o := range held.resp.GetWant() {
			if o.GetStop() != (o.GetJob() == "j1") {
				t.Errorf("%s: stop %v", o.GetJob(), o.GetStop())
			}
		}
	})
}
