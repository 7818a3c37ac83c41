package local

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"glovebox/internal/nodev1"

	"connectrpc.com/connect"
)

type shipping = connect.BidiStreamForClient[nodev1.OutputChunk, nodev1.OutputAck]

// ship opens the stream for a job and returns it with the first acknowledgement.
func (n *testNode) ship(job string) (*shipping, *nodev1.OutputAck) {
	n.t.Helper()
	s := n.ShipOutput(context.Background())
	if err := s.Send(&nodev1.OutputChunk{Job: job, Attempt: 1}); err != nil {
		n.t.Fatal(err)
	}
	ack, err := s.Receive()
	if err != nil {
		n.t.Fatal(err)
	}
	return s, ack
}

func send(s *shipping, stream nodev1.Stream, offset int64, text string) (*nodev1.OutputAck, error) {
	_ = s.Send(&nodev1.OutputChunk{Stream: stream, Offset: offset, Data: []byte(text)})
	return s.Receive()
}

func done(s *shipping) {
	_ = s.CloseRequest()
	_ = s.CloseResponse()
}

const (
	stdout = nodev1.Stream_STREAM_STDOUT
	stderr = nodev1.Stream_STREAM_STDERR
)

// TestShipOutput: the two streams grow apart from each other, a repeat is
// skipped, and a call after a break goes on where the other stopped.
func TestShipOutput(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		s, ack := n.ship("j1")
		if ack.GetStdout() != 0 || ack.GetStderr() != 0 {
			t.Errorf("begins at %v", ack)
		}
		for _, x := range []struct {
			stream   nodev1.Stream
			offset   int64
			text     string
			out, err int64
		}{
			{stdout, 0, "hello", 5, 0},
			{stderr, 0, "oops", 5, 4},
			{stdout, 0, "hello", 5, 4},    // the same again
			{stdout, 3, "lo you", 9, 4},   // some of it again
			{stdout, 5, " you", 9, 4},     // and again
			{stderr, 4, "\x00\xff", 9, 6}, // any bytes
		} {
			if ack, err := send(s, x.stream, x.offset, x.text); err != nil || ack.GetStdout() != x.out || ack.GetStderr() != x.err {
				t.Errorf("%+v: %v, %v", x, ack, err)
			}
		}
		done(s)
		s, ack = n.ship("j1")
		if ack.GetStdout() != 9 || ack.GetStderr() != 6 {
			t.Errorf("goes on at %v", ack)
		}
		done(s)
		if c.logs.read("j1-1/stdout") != "hello you" || c.logs.read("j1-1/stderr") != "oops\x00\xff" {
			t.Errorf("stored %q, %q", c.logs.read("j1-1/stdout"), c.logs.read("j1-1/stderr"))
		}
	})
}

// TestShipOutputRefused: a gap, a stream that there is not, and more than the
// job may write end the call and store nothing.
func TestShipOutputRefused(t *testing.T) {
	long := strings.Repeat("x", 100+markRoom)
	for name, x := range map[string]struct {
		stream nodev1.Stream
		offset int64
		text   string
		code   connect.Code
	}{
		"gap":           {stdout, 50, "x", connect.CodeFailedPrecondition},
		"before":        {stdout, -1, "x", connect.CodeFailedPrecondition},
		"too far":       {stdout, 1<<63 - 1, "xx", connect.CodeFailedPrecondition},
		"no stream":     {nodev1.Stream_STREAM_UNSPECIFIED, 0, "x", connect.CodeInvalidArgument},
		"strange":       {nodev1.Stream(7), 0, "x", connect.CodeInvalidArgument},
		"too much":      {stdout, 1, long, connect.CodeResourceExhausted},
		"both together": {stderr, 0, long, connect.CodeResourceExhausted},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(c *control) {
				n := c.open().node("n1")
				c.order("j1", "n1")
				s, _ := n.ship("j1")
				defer done(s)
				if _, err := send(s, stdout, 0, "a"); err != nil {
					t.Fatal(err)
				}
				if ack, err := send(s, x.stream, x.offset, x.text); code(err) != x.code {
					t.Errorf("%v, %v", ack, err)
				}
				if c.logs.read("j1-1/stdout") != "a" || c.logs.read("j1-1/stderr") != "" {
					t.Errorf("stored %q, %q", c.logs.read("j1-1/stdout"), c.logs.read("j1-1/stderr"))
				}
			})
		})
	}
}

// TestOutputUpToTheLimit: all that the job may write, and the mark, come in.
func TestOutputUpToTheLimit(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		s, _ := n.ship("j1")
		defer done(s)
		if ack, err := send(s, stdout, 0, strings.Repeat("x", 100+markRoom)); err != nil || ack.GetStdout() != 100+markRoom {
			t.Errorf("%v, %v", ack, err)
		}
	})
}

// TestShippedAfterTheEnd: output that comes after the end is told, because the
// job waits for it.
func TestShippedAfterTheEnd(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		s, _ := n.ship("j1")
		defer done(s)
		for _, end := range []bool{false, true} {
			if end {
				n.have = []*nodev1.Sandbox{exited("j1", 0)}
				n.sync()
				c.sink.take()
			}
			if _, err := send(s, stdout, 0, "x"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if said := c.sink.take(); (len(said) == 1 && said[0].Shipped) != end {
				t.Errorf("after the end: %v, reported %+v", end, said)
			}
		}
	})
}

// TestReadStdin: input comes as it is written, from an offset, to its end.
func TestReadStdin(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		c.logs.feed("j1", "hello ")
		time.AfterFunc(time.Minute, func() { c.logs.feed("j1", "you\x00") })
		began := time.Now()
		s, err := n.ReadStdin(context.Background(), connect.NewRequest(&nodev1.ReadStdinRequest{Job: "j1", Attempt: 1, Offset: 2}))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var got []string
		for s.Receive() {
			got = append(got, string(s.Msg().GetData()))
		}
		if s.Err() != nil || strings.Join(got, "|") != "llo |you" || time.Since(began) != time.Minute {
			t.Errorf("%q after %s, %v", got, time.Since(began), s.Err())
		}
	})
}

// TestReadBlob: a node reads what its orders need, and nothing else.
func TestReadBlob(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		job, r := c.order("j1", "n1")
		other, s := placed("j2", "n2")
		other.Image.Digest = "sha256:two"
		c.make(other, s)
		read := func(digest string) (string, error) {
			s, err := n.ReadBlob(context.Background(), connect.NewRequest(&nodev1.ReadBlobRequest{Digest: digest, Offset: 9}))
			if err != nil {
				return "", err
			}
			defer s.Close()
			text := ""
			for s.Receive() {
				text += string(s.Msg().GetData())
			}
			return text, s.Err()
		}
		mine := []string{"sha256:one", "sha256:one-config", "sha256:one-layer"}
		for _, d := range mine {
			if text, err := read(d); err != nil || text != d {
				t.Errorf("%s: %q, %v", d, text, err)
			}
		}
		c.remove(job, r)
		gone, g := placed("j3", "n1") // one that is removed and was never known
		c.remove(gone, g)
		for _, d := range append(mine, "sha256:two", "sha256:two-layer", "sha256:none", "") {
			if text, err := read(d); code(err) != connect.CodeNotFound {
				t.Errorf("%s: %q, %v", d, text, err)
			}
		}
	})
}
