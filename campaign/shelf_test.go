package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"glovebox"
)

// shelf is a library of images that outlives every process. "here" is on it;
// others have to be fetched, which takes a while and may fail: "fail:kind" does,
// with that kind.
type shelf struct {
	mu      sync.Mutex
	fetched map[string]bool
}

func newShelf() *shelf { return &shelf{fetched: map[string]bool{"here": true}} }

// fetchTime is how long it takes to fetch an image.
const fetchTime = time.Second

// layer is what every layer and config consists of.
const layer = "bytes of an image"

func (s *shelf) image(name string) glovebox.Image {
	digest := func(of string) string {
		sum := sha256.Sum256([]byte(name + of))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	return glovebox.Image{
		Tenant: glovebox.LocalTenant, Name: name, Digest: digest(""), Platform: "linux/amd64", Size: 2 * int64(len(layer)),
		Config: glovebox.Blob{Digest: digest("config"), Size: int64(len(layer))},
		Layers: []glovebox.Layer{{Blob: glovebox.Blob{Digest: digest("layer"), Size: int64(len(layer))}, DiffID: digest("diff")}},
	}
}

// Normalize implements orchestrator.Images.
func (s *shelf) Normalize(name string) (string, error) { return name, nil }

// Find implements orchestrator.Images.
func (s *shelf) Find(_ context.Context, _, name string) (glovebox.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fetched[name] {
		return glovebox.Image{}, glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", name)
	}
	return s.image(name), nil
}

// Resolve implements orchestrator.Images.
func (s *shelf) Resolve(ctx context.Context, _, name, _ string) (glovebox.Image, error) {
	select {
	case <-time.After(fetchTime):
	case <-ctx.Done():
		return glovebox.Image{}, ctx.Err()
	}
	if kind, ok := strings.CutPrefix(name, "fail:"); ok {
		return glovebox.Image{}, glovebox.Errorf(glovebox.Kind(kind), "no %s", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched[name] = true
	return s.image(name), nil
}

// ByDigest implements local.Images.
func (s *shelf) ByDigest(_ context.Context, digest string) (glovebox.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.fetched {
		if img := s.image(name); img.Digest == digest {
			return img, nil
		}
	}
	return glovebox.Image{}, glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", digest)
}

// ReadBlob implements local.Images.
func (s *shelf) ReadBlob(_ context.Context, _ string, offset int64, send func([]byte) error) error {
	return send([]byte(layer)[min(offset, int64(len(layer))):])
}
