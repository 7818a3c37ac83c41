package local

import (
	"context"
	"math"
	"strings"
	"testing"

	"glovebox"
	"glovebox/internal/nodev1"

	"connectrpc.com/connect"
)

const (
	artifacts = nodev1.Stream_STREAM_ARTIFACTS
	index     = nodev1.Stream_STREAM_ARTIFACTS_INDEX
)

// withRoom places a job that may leave so much on a node and orders it.
func (c *control) withRoom(id, node string, room int64) {
	job, r := placed(id, node)
	job.Spec.Limits.Artifacts = room
	c.make(job, r)
}

// TestShipArtifacts: the bytes and the list of what a job left share one bound,
// apart from the output's; a call after a break goes on where the other stopped.
func TestShipArtifacts(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.withRoom("j1", "n1", 100)
		s, ack := n.ship("j1")
		if ack.GetArtifacts() != 0 || ack.GetArtifactsIndex() != 0 {
			t.Errorf("begins at %v", ack)
		}
		if ack, err := send(s, artifacts, 0, strings.Repeat("x", 60)); err != nil || ack.GetArtifacts() != 60 {
			t.Fatalf("%v, %v", ack, err)
		}
		done(s)
		if s, ack = n.ship("j1"); ack.GetArtifacts() != 60 {
			t.Errorf("goes on at %v", ack)
		}
		if ack, err := send(s, index, 0, strings.Repeat("i", 40)); err != nil || ack.GetArtifactsIndex() != 40 || ack.GetArtifacts() != 60 {
			t.Fatalf("%v, %v", ack, err)
		}
		if ack, err := send(s, stdout, 0, "apart from it"); err != nil || ack.GetStdout() != 13 {
			t.Fatalf("%v, %v", ack, err)
		}
		if ack, err := send(s, artifacts, 50, "repeated"); err != nil || ack.GetArtifacts() != 60 {
			t.Fatalf("%v, %v", ack, err)
		}
		for _, stream := range []nodev1.Stream{artifacts, index} {
			s, ack := n.ship("j1")
			at := map[nodev1.Stream]int64{artifacts: ack.GetArtifacts(), index: ack.GetArtifactsIndex()}[stream]
			if _, err := send(s, stream, at, "x"); code(err) != connect.CodeResourceExhausted {
				t.Errorf("one byte more of %s: %v", stream, err)
			}
			done(s)
		}
		done(s)
	})
}

// TestToldArtifacts: what a node says of them is held within what there can be.
func TestToldArtifacts(t *testing.T) {
	o := &order{room: 1000}
	for name, tt := range map[string]struct {
		said *nodev1.Sandbox
		want *glovebox.Artifacts
	}{
		"nothing": {&nodev1.Sandbox{}, nil},
		"fine": {&nodev1.Sandbox{Artifacts: 10, ArtifactsIndex: 5, ArtifactsLeftOut: 2, ArtifactsTruncated: true},
			&glovebox.Artifacts{Bytes: 10, IndexBytes: 5, LeftOut: 2, Truncated: true}},
		"too much": {&nodev1.Sandbox{Artifacts: math.MaxInt64, ArtifactsIndex: math.MaxInt64, ArtifactsLeftOut: math.MaxInt64},
			&glovebox.Artifacts{Bytes: 1000, IndexBytes: 1000, LeftOut: math.MaxInt32}},
		"negative": {&nodev1.Sandbox{Artifacts: -1, ArtifactsIndex: math.MinInt64, ArtifactsLeftOut: -1}, nil},
	} {
		if got := o.artifacts(tt.said); (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// someFiles are those of tenants.
type someFiles map[string]string

func (f someFiles) ReadFile(_ context.Context, tenant, digest string, offset int64, send func([]byte) error) error {
	content, ok := f[tenant+" "+digest]
	if !ok {
		return glovebox.Errorf(glovebox.KindNotFound, "there is no such file")
	}
	return send([]byte(content[offset:]))
}

// TestReadFile: a node reads what one of its orders names, of that order's
// tenant, and nothing else.
func TestReadFile(t *testing.T) {
	inBubble(t, func(c *control) {
		c.SetFiles(someFiles{"t one": "bytes of one", "t two": "bytes of two", "other one": "not these"})
		n := c.open().node("n1")
		job, r := placed("j1", "n1")
		job.Spec.Files = []glovebox.InputFile{{Path: "/a", Digest: "one", Size: 12, Mode: 0o400}, {Path: "/b", Digest: "gone", Size: 1}}
		c.make(job, r)
		c.order("j2", "n1")
		c.order("j3", "n2")
		want := n.sync()
		if f := want[0].GetWork().GetFiles(); len(f) != 2 || f[0].GetPath() != "/a" || f[0].GetSize() != 12 || f[0].GetMode() != 0o400 {
			t.Errorf("ordered %v", want[0])
		}
		read := func(job string, attempt int32, digest string, offset int64) (string, error) {
			s, err := n.ReadFile(context.Background(), connect.NewRequest(&nodev1.ReadFileRequest{Job: job, Attempt: attempt, Digest: digest, Offset: offset}))
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
		if text, err := read("j1", 1, "one", 9); err != nil || text != "one" {
			t.Errorf("%q, %v", text, err)
		}
		for name, x := range map[string]struct {
			job     string
			attempt int32
			digest  string
			code    connect.Code
		}{
			"gone":            {"j1", 1, "gone", connect.CodeNotFound},
			"not named":       {"j1", 1, "two", connect.CodeNotFound},
			"another's order": {"j2", 1, "one", connect.CodeNotFound},
			"another node's":  {"j3", 1, "one", connect.CodeFailedPrecondition},
			"older":           {"j1", 0, "one", connect.CodeFailedPrecondition},
			"nobody's":        {"j9", 1, "one", connect.CodeFailedPrecondition},
		} {
			if text, err := read(x.job, x.attempt, x.digest, 0); code(err) != x.code {
				t.Errorf("%s: %q, %v", name, text, err)
			}
		}
	})
}
