package local

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"glovebox"
	"glovebox/internal/nodev1/nodev1connect"
)

// control is a provider with everything that it works with, served to nodes.
type control struct {
	*Provider
	t      *testing.T
	sink   *sink
	logs   *logs
	shelf  *shelf
	client func(node string) nodev1connect.NodeServiceClient
}

// inBubble plays a story on virtual time.
func inBubble(t *testing.T, story func(*control)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { story(newControl(t)) })
}

// newControl returns one that is not open yet.
func newControl(t *testing.T) *control {
	c := &control{
		t: t, sink: &sink{}, logs: &logs{streams: map[string][]byte{}, grown: make(chan struct{})},
		shelf: &shelf{images: map[string]glovebox.Image{}, blobs: map[string]string{}},
	}
	c.shelf.add("sha256:one", "sha256:one-config", "sha256:one-layer")
	c.shelf.add("sha256:two", "sha256:two-config", "sha256:two-layer")
	c.Provider = New(c.logs, c.shelf, slog.New(slog.DiscardHandler))
	c.client = serve(t, c.Provider)
	return c
}

func (c *control) open() *control {
	c.Open(c.sink)
	return c
}

// placed is a job that was placed on a node.
func placed(id, node string) (glovebox.Job, glovebox.Resource) {
	job := glovebox.Job{
		ID: id, Tenant: "t", Node: node, Attempt: 1, Status: glovebox.StatusProvisioning,
		Image: glovebox.ImageRef{Name: "image", Digest: "sha256:one"}, Command: glovebox.Command{Args: []string{"never"}},
		Spec: glovebox.Spec{Limits: glovebox.Limits{Output: 100}},
	}
	return job, glovebox.Resource{Job: id, Kind: Kind, Name: id + "-1", Node: node, Attempt: 1, State: glovebox.ResourceIntent}
}

// order places a job on a node and orders it.
func (c *control) order(id, node string) (glovebox.Job, glovebox.Resource) {
	c.t.Helper()
	job, r := placed(id, node)
	c.make(job, r)
	return job, r
}

func (c *control) make(job glovebox.Job, r glovebox.Resource) glovebox.Resource {
	c.t.Helper()
	made, err := c.Make(c.t.Context(), job, r)
	if err != nil {
		c.t.Fatalf("make: %v", err)
	}
	return made
}

func (c *control) remove(job glovebox.Job, r glovebox.Resource) {
	c.t.Helper()
	if left, err := c.Remove(c.t.Context(), job, r); err != nil || left.State != glovebox.ResourceDeleting {
		c.t.Fatalf("remove: %s, %v", left.State, err)
	}
}

// sink keeps what is reported.
type sink struct {
	mu    sync.Mutex
	said  []glovebox.Report
	nodes []glovebox.Node
}

func (s *sink) Report(r glovebox.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, r)
}

func (s *sink) NodeSeen(n glovebox.Node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nodes = append(s.nodes, n)
}

func (s *sink) all() []glovebox.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.said)
}

// take returns what was reported since the last take.
func (s *sink) take() []glovebox.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	said := s.said
	s.said = nil
	return said
}

func (s *sink) seen() []glovebox.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.nodes)
}

// gone says whether a report says so.
func gone(said []glovebox.Report, id string) bool {
	return slices.ContainsFunc(said, func(r glovebox.Report) bool {
		return r.Job == id && r.Resource != nil && r.Resource.State == glovebox.ResourceGone
	})
}

// logs keeps output, and input that ends with a zero byte.
type logs struct {
	mu      sync.Mutex
	streams map[string][]byte
	grown   chan struct{}
}

func (l *logs) Append(_ context.Context, job string, attempt int, stream string, offset int64, p []byte) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := glovebox.SandboxID(job, attempt) + "/" + stream
	have := l.streams[key]
	size := int64(len(have))
	if offset < 0 || offset > size {
		return size, glovebox.Errorf(glovebox.KindConflict, "a gap")
	}
	if end := offset + int64(len(p)); end > size {
		l.streams[key] = append(have, p[size-offset:]...)
	}
	return int64(len(l.streams[key])), nil
}

func (l *logs) Sizes(_ context.Context, job string, attempt int) (glovebox.StreamSizes, error) {
	id := glovebox.SandboxID(job, attempt)
	size := func(stream string) int64 { return int64(len(l.read(id + "/" + stream))) }
	return glovebox.StreamSizes{Stdout: size("stdout"), Stderr: size("stderr"), Events: size("events"),
		Artifacts: size("artifacts"), Index: size("artifacts.index")}, nil
}

func (l *logs) read(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.streams[key])
}

func (l *logs) feed(job, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.streams[job] = append(l.streams[job], text...)
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *logs) Stdin(ctx context.Context, job string, offset int64, send func([]byte) error) error {
	for {
		l.mu.Lock()
		more, grown := l.streams[job][offset:], l.grown
		l.mu.Unlock()
		text, ended := slices.Clone(more), false
		if n := len(text); n > 0 && text[n-1] == 0 {
			text, ended = text[:n-1], true
		}
		if len(text) > 0 {
			if err := send(text); err != nil {
				return err
			}
			offset += int64(len(text))
		}
		if ended {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// shelf keeps images and blobs.
type shelf struct {
	mu     sync.Mutex
	images map[string]glovebox.Image
	blobs  map[string]string
}

func (s *shelf) add(digest, config, layer string) {
	s.images[digest] = glovebox.Image{Digest: digest, Config: glovebox.Blob{Digest: config}, Layers: []glovebox.Layer{{Blob: glovebox.Blob{Digest: layer}}}}
	for _, d := range []string{digest, config, layer} {
		s.blobs[d] = "bytes of " + d
	}
}

func (s *shelf) forget(digest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.images, digest)
}

func (s *shelf) ByDigest(_ context.Context, digest string) (glovebox.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if img, ok := s.images[digest]; ok {
		return img, nil
	}
	return glovebox.Image{}, glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", digest)
}

func (s *shelf) ReadBlob(_ context.Context, digest string, offset int64, send func([]byte) error) error {
	s.mu.Lock()
	text := s.blobs[digest]
	s.mu.Unlock()
	return send([]byte(text[offset:]))
}
