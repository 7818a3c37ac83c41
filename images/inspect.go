package images

import (
	"archive/tar"
	"bufio"
	"context"
	"io"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"glovebox"
)

// maxHints bounds the images whose Hints are kept in memory; the others' are
// found again.
const maxHints = 256

// hinted is what was found about images, by digest. They never change.
type hinted struct {
	mu    sync.Mutex
	known map[string]Hints
	one   sync.Mutex // one image is read at a time
	reads flights[Hints]
}

// Inspect returns the image of a name that the tenant has here, and what it lets
// one guess. Reading a large image for the first time takes seconds; calls for
// the same image share that, and one image is read at a time. Errors: those of
// Resolve with PullNever, and of the blobs.
func (l *Library) Inspect(ctx context.Context, tenant, name string) (glovebox.Image, Hints, error) {
	img, err := l.Resolve(ctx, tenant, name, glovebox.PullNever)
	if err != nil {
		return img, Hints{}, err
	}
	h := &l.hints
	h.mu.Lock()
	found, ok := h.known[img.Digest]
	h.mu.Unlock()
	if ok {
		return img, found, nil
	}
	found, err = h.reads.do(ctx, img.Digest, func(ctx context.Context) (Hints, error) {
		h.one.Lock()
		defer h.one.Unlock()
		if ctx.Err() != nil {
			return Hints{}, context.Cause(ctx)
		}
		return l.Puller.Stock.hints(ctx, img)
	})
	if err != nil {
		return img, found, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known = map[string]Hints{}
	}
	if len(h.known) >= maxHints {
		clear(h.known)
	}
	h.known[img.Digest] = found
	return img, found, nil
}

// hints reads an image's config, and the names of all that is in its layers.
func (s *Stock) hints(ctx context.Context, img glovebox.Image) (Hints, error) {
	r, err := s.Blobs.Open(ctx, keyOf(strings.TrimPrefix(img.Config.Digest, "sha256:")), 0)
	if err != nil {
		return Hints{}, err
	}
	c, err := v1.ParseConfigFile(r)
	_ = r.Close() // it was read
	if err != nil {
		return Hints{}, invalid("config is not readable: %w", err)
	}
	var failed error
	found := HintsOf(c.Config, func(yield func(string) bool) {
		for _, l := range img.Layers {
			more, err := s.names(ctx, l, yield)
			if failed = err; err != nil || !more {
				return
			}
		}
	})
	return found, failed
}

// names calls yield with the name of each file in a layer, as it is spelled, and
// says whether more may follow.
func (s *Stock) names(ctx context.Context, l glovebox.Layer, yield func(string) bool) (more bool, err error) {
	r, err := s.Blobs.Open(ctx, keyOf(strings.TrimPrefix(l.Digest, "sha256:")), 0)
	if err != nil {
		return false, err
	}
	defer r.Close()
	plain, done, err := decompress(bufio.NewReaderSize(contextReader{ctx, r}, chunk))
	if err != nil {
		return false, invalid("layer %s: %w", l.Digest, err)
	}
	defer done()
	t := tar.NewReader(plain)
	for {
		h, err := t.Next()
		switch {
		case err == io.EOF:
			return true, nil
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case err != nil:
			return false, invalid("layer %s is damaged: %w", l.Digest, err)
		case !yield(h.Name):
			return false, nil
		}
	}
}
