package local

import (
	"context"
	"testing"

	"glovebox/internal/nodev1"

	"connectrpc.com/connect"
)

// TestSpeaksOnlyOfItself: a node that uses another's name, or says something of
// what it was not ordered, changes nothing.
func TestSpeaksOnlyOfItself(t *testing.T) {
	inBubble(t, func(c *control) {
		honest, evil := c.open().node("n1"), c.node("n2")
		job, r := c.order("j1", "n1")
		honest.sync()
		for _, name := range []string{"n1", ""} {
			m := evil.request()
			m.Node = name
			call := evil.beginWith(m)
			<-call.ended
			if code(call.err) != connect.CodePermissionDenied {
				t.Errorf("as %q: %v", name, call.err)
			}
		}
		old := exited("j1", 9)
		old.Attempt = 0
		evil.have = []*nodev1.Sandbox{exited("j1", 9), old, exited("jnobody", 9)}
		if want := evil.sync(); len(want) != 0 {
			t.Errorf("it is told of %v", want)
		}
		honest.have, honest.known = []*nodev1.Sandbox{old, {Job: "j1", Attempt: 2, Phase: nodev1.Phase_PHASE_EXITED}}, ""
		honest.sync()
		c.remove(job, r)
		evil.have, evil.known = nil, c.epoch+"/999"
		evil.sync()
		evil.begin()
		if said := c.sink.all(); len(said) != 0 {
			t.Errorf("reported: %+v", said)
		}
	})
}

// TestNobody: who cannot prove to be a node gets no answer.
func TestNobody(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("")
		call := n.begin()
		<-call.ended
		if code(call.err) != connect.CodePermissionDenied {
			t.Errorf("nobody: %v", call.err)
		}
	})
}

// TestStreamsOfOthers: neither another node's job, nor an older attempt, nor
// one that was removed, nor an unknown one can be written or read.
func TestStreamsOfOthers(t *testing.T) {
	inBubble(t, func(c *control) {
		c.open()
		c.order("mine", "n1")
		c.order("theirs", "n2")
		removed, r := c.order("removed", "n1")
		c.remove(removed, r)
		c.logs.feed("theirs", "secret\x00")
		n := c.node("n1")
		for _, x := range []struct {
			job     string
			attempt int32
		}{{"theirs", 1}, {"mine", 0}, {"mine", 2}, {"removed", 1}, {"unknown", 1}, {"", 0}} {
			out := n.ShipOutput(context.Background())
			_ = out.Send(&nodev1.OutputChunk{Job: x.job, Attempt: x.attempt, Stream: nodev1.Stream_STREAM_STDOUT, Data: []byte("evil")})
			if ack, err := out.Receive(); code(err) != connect.CodeFailedPrecondition {
				t.Errorf("%v: wrote, %v, %v", x, ack, err)
			}
			_, _ = out.CloseRequest(), out.CloseResponse()
			in, err := n.ReadStdin(context.Background(), connect.NewRequest(&nodev1.ReadStdinRequest{Job: x.job, Attempt: x.attempt}))
			if err == nil {
				if in.Receive() {
					t.Errorf("%v: read %q", x, in.Msg().GetData())
				}
				err = in.Err()
				_ = in.Close()
			}
			if code(err) != connect.CodeFailedPrecondition {
				t.Errorf("%v: read, %v", x, err)
			}
		}
		for key, text := range c.logs.streams {
			if key != "theirs" && len(text) > 0 {
				t.Errorf("stored: %s %q", key, text)
			}
		}
	})
}

// TestTwoNodes: each is told its own, and what happens on one is not taken for
// what happens on the other.
func TestTwoNodes(t *testing.T) {
	inBubble(t, func(c *control) {
		a, b := c.open().node("n1"), c.node("n2")
		c.order("ja", "n1")
		jobB, rb := c.order("jb", "n2")
		if want := a.sync(); len(want) != 1 || want[0].GetJob() != "ja" {
			t.Errorf("a is told %v", want)
		}
		if want := b.sync(); len(want) != 1 || want[0].GetJob() != "jb" {
			t.Errorf("b is told %v", want)
		}
		a.have, b.have = []*nodev1.Sandbox{running("ja")}, []*nodev1.Sandbox{running("jb")}
		heldA, heldB := a.begin(), b.begin()
		owned, err := c.Owned(c.t.Context())
		if err != nil || len(owned) != 2 {
			t.Errorf("owned: %v, %v", owned, err)
		}
		c.remove(jobB, rb)
		<-heldB.ended
		if !heldA.held() {
			t.Error("a was woken for b's removal")
		}
		b.have, b.known = nil, heldB.resp.GetRevision()
		b.begin()
		if said := c.sink.all(); !gone(said, "jb") || gone(said, "ja") {
			t.Errorf("reported: %+v", said)
		}
		heldA.abandon()
	})
}
