package images

import (
	"bytes"
	"context"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// source gives the bytes of an image's blobs. They are checked by who reads them.
type source interface {
	// blob opens a blob at offset, or somewhere before if it cannot start there,
	// and says where. Errors of it and of the reader have a kind; those of
	// KindUnreachable may be gone at the next attempt.
	blob(ctx context.Context, desc v1.Descriptor, offset int64) (r io.ReadCloser, at int64, err error)
}

// candidate is an image to be copied: a manifest for one platform and where its
// blobs come from.
type candidate struct {
	name     string // normalized; empty = known by its digest
	manifest document
	blobs    source
	origin   string // "registry" or "import"
}

// imageSource is a v1.Image as a source.
type imageSource struct{ img v1.Image }

func (s imageSource) blob(_ context.Context, desc v1.Descriptor, _ int64) (io.ReadCloser, int64, error) {
	if config, err := s.img.ConfigName(); err == nil && config == desc.Digest {
		raw, err := s.img.RawConfigFile()
		if err != nil {
			return nil, 0, corrupt("read config %s: %w", desc.Digest, err)
		}
		return io.NopCloser(bytes.NewReader(raw)), 0, nil
	}
	layer, err := s.img.LayerByDigest(desc.Digest)
	if err != nil {
		return nil, 0, corrupt("find layer %s: %w", desc.Digest, err)
	}
	r, err := layer.Compressed()
	if err != nil {
		return nil, 0, corrupt("read layer %s: %w", desc.Digest, err)
	}
	return r, 0, nil
}
