package images

import (
	"encoding/json"
	"testing"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// TestIndexes: chains of indexes, lies in them, and what they may not be.
func TestIndexes(t *testing.T) {
	img := simple(t, 100)
	platform := &v1.Platform{OS: "linux", Architecture: "amd64"}
	wrap := func(d document, edit func(*v1.Descriptor)) document {
		desc := v1.Descriptor{MediaType: d.mediaType, Digest: d.digest, Size: int64(len(d.raw)), Platform: platform}
		if edit != nil {
			edit(&desc)
		}
		raw, _ := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{desc}})
		return newDocument(raw, types.OCIImageIndex)
	}
	for name, c := range map[string]struct {
		kind  glovebox.Kind
		depth int
		edit  func(*v1.Descriptor)
	}{
		"one":              {"", 1, nil},
		"four":             {"", 4, nil},
		"five":             {glovebox.KindImageInvalid, 5, nil},
		"without platform": {"", 1, func(d *v1.Descriptor) { d.Platform = nil }},
		"arm64":            {glovebox.KindImagePlatform, 1, func(d *v1.Descriptor) { d.Platform = &v1.Platform{OS: "linux", Architecture: "arm64"} }},
		"attestation":      {glovebox.KindImagePlatform, 1, func(d *v1.Descriptor) { d.Platform = &v1.Platform{OS: "unknown", Architecture: "unknown"} }},
		"size":             {glovebox.KindImageCorrupt, 1, func(d *v1.Descriptor) { d.Size++ }},
		"huge":             {glovebox.KindImageTooLarge, 1, func(d *v1.Descriptor) { d.Size = 1 << 40 }},
		"type":             {glovebox.KindImageInvalid, 1, func(d *v1.Descriptor) { d.MediaType = types.OCIImageIndex }},
		"absent":           {glovebox.KindTagUnknown, 1, func(d *v1.Descriptor) { d.Digest.Hex = hex64 }},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEvil(t)
			d := e.add(t, img)
			for range c.depth {
				d = wrap(d, c.edit)
				e.serve(d)
			}
			p, blobs := newPuller(t, Caps{})
			_, err := p.Pull(background, "t", e.name(), nil)
			if c.kind == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantKind(t, err, c.kind)
			wantEmpty(t, blobs)
		})
	}
	t.Run("loop", func(t *testing.T) { // the server gives the index under the digest of its child
		e := newEvil(t)
		child := e.add(t, img)
		d := wrap(child, nil)
		e.serve(d)
		e.manifests[child.digest.String()] = d
		p, blobs := newPuller(t, Caps{})
		_, err := p.Pull(background, "t", e.name(), nil)
		wantKind(t, err, glovebox.KindImageCorrupt)
		wantEmpty(t, blobs)
	})
}
