package images

import (
	"bytes"
	"context"
	"errors"
	"io"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Copy copies one image into blobs and returns its record, without tenant and
// known by its digest. It is what Puller and Importer do, for callers that have
// a v1.Image.
func Copy(ctx context.Context, img v1.Image, blobs glovebox.Blobs, caps Caps, progress Progress) (glovebox.Image, error) {
	raw, err := img.RawManifest()
	if err != nil {
		return glovebox.Image{}, corrupt("read manifest: %w", err)
	}
	mediaType, err := img.MediaType()
	if err != nil {
		return glovebox.Image{}, corrupt("read manifest: %w", err)
	}
	s := NewStock(blobs, caps).begin("", progress)
	rec, err := s.copy(ctx, candidate{manifest: newDocument(raw, mediaType), blobs: imageSource{img}, origin: "import"})
	s.end(err)
	return rec, err
}

// copy brings a candidate into Blobs: layers first, so that a manifest that is
// there has all its parts.
func (s *session) copy(ctx context.Context, c candidate) (glovebox.Image, error) {
	m, err := s.manifest(c.manifest)
	if err != nil {
		return glovebox.Image{}, err
	}
	rawConfig, err := s.readConfig(ctx, c.blobs, m.Config)
	if err != nil {
		return glovebox.Image{}, err
	}
	config, err := configOf(rawConfig, m, s.Platform)
	if err != nil {
		return glovebox.Image{}, err
	}
	defaults, err := defaultsOf(config.Config)
	if err != nil {
		return glovebox.Image{}, err
	}
	unpacked, err := s.copyLayers(ctx, c.blobs, m.Layers, config.RootFS.DiffIDs)
	if err != nil {
		return glovebox.Image{}, err
	}
	for _, small := range [][]byte{rawConfig, c.manifest.raw} {
		if err := s.putSmall(ctx, small); err != nil {
			return glovebox.Image{}, err
		}
	}
	img := s.record(c, m, config.RootFS.DiffIDs)
	img.Unpacked, img.Defaults = unpacked, defaults
	return img, nil
}

// manifest checks that d is an image manifest and nothing else.
func (s *session) manifest(d document) (*v1.Manifest, error) {
	if int64(len(d.raw)) > s.Caps.Manifest {
		return nil, tooLarge("manifest has %d bytes, more than %d", len(d.raw), s.Caps.Manifest)
	}
	index, err := d.isIndex()
	if err != nil {
		return nil, err
	}
	if index {
		return nil, invalid("%s is an index where an image was expected", d.digest)
	}
	return s.Caps.manifestOf(d)
}

func (s *session) readConfig(ctx context.Context, from source, desc v1.Descriptor) (raw []byte, err error) {
	err = s.persist(ctx, func() (bool, error) {
		raw, err = readSmall(ctx, from, desc)
		return false, err
	})
	return raw, err
}

// readSmall reads a blob whose size is within a cap into memory and checks it.
func readSmall(ctx context.Context, from source, desc v1.Descriptor) ([]byte, error) {
	r, at, err := from.blob(ctx, desc, 0)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, desc.Size+1))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if at != 0 || int64(len(raw)) != desc.Size || sum(raw) != desc.Digest {
		return nil, corrupt("blob %s of %d bytes is really %s of %d", desc.Digest, desc.Size, sum(raw), len(raw))
	}
	return raw, nil
}

// putSmall stores bytes that are whole and checked.
func (s *session) putSmall(ctx context.Context, raw []byte) error {
	hex := sum(raw).Hex
	p := s.pin(hex)
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	info, err := s.Blobs.Stat(ctx, keyOf(hex))
	switch {
	case err == nil && info.Sealed && info.Size == int64(len(raw)):
		return nil
	case err == nil: // somebody's unfinished layer of that digest
		err = s.Blobs.Delete(ctx, keyOf(hex), ownerKey(hex))
	case glovebox.KindOf(err) == glovebox.KindNotFound:
		err = nil
	}
	if err != nil {
		return err
	}
	s.pins.setCreated(p)
	_, err = s.Blobs.Put(ctx, keyOf(hex), bytes.NewReader(raw))
	if glovebox.KindOf(err) == glovebox.KindConflict {
		return nil // another replica was faster
	}
	return err
}

func (s *session) record(c candidate, m *v1.Manifest, diffIDs []v1.Hash) glovebox.Image {
	name := c.name
	if name == "" {
		name = c.manifest.digest.String()
	}
	img := glovebox.Image{
		Tenant: s.tenant, Name: name, Digest: c.manifest.digest.String(), Platform: s.Platform,
		Size: int64(len(c.manifest.raw)) + m.Config.Size, Config: blobOf(m.Config),
		Source: c.origin, Created: s.Now().UTC(), Layers: []glovebox.Layer{},
	}
	for i, l := range m.Layers {
		img.Layers = append(img.Layers, glovebox.Layer{Blob: blobOf(l), DiffID: diffIDs[i].String()})
		img.Size += l.Size
	}
	return img
}

func blobOf(d v1.Descriptor) glovebox.Blob {
	return glovebox.Blob{Digest: d.Digest.String(), Size: d.Size, MediaType: string(d.MediaType)}
}
