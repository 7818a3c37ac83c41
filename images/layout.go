package images

import (
	"bytes"
	"context"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Annotations of an OCI layout's index that name an image. containerd's has the
// whole name and wins; the standard one often has a tag only.
const (
	containerdName = "io.containerd.image.name"
	refName        = "org.opencontainers.image.ref.name"
)

// findOCI finds the images of an OCI layout. Variants for other platforms are
// passed over as long as there is one for ours.
func (i *Importer) findOCI(ctx context.Context, s *spool) ([]found, error) {
	caps := i.Stock.Caps
	raw, err := s.read("index.json", caps.Manifest)
	if err != nil {
		return nil, err
	}
	d := newDocument(raw, "")
	if index, err := d.isIndex(); err != nil {
		return nil, err
	} else if !index {
		return nil, invalid("index.json is a manifest, not an index")
	}
	top, err := v1.ParseIndexManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, invalid("index.json is not readable: %w", err)
	}
	if len(top.Manifests) > caps.Images*8 { // some are for other platforms
		return nil, tooLarge("archive has %d images, more than %d", len(top.Manifests), caps.Images)
	}
	var all []found
	var others error = invalid("index.json names no image")
	for _, desc := range top.Manifests {
		image, err := i.entry(ctx, s, desc)
		if glovebox.KindOf(err) == glovebox.KindImagePlatform {
			others = err
			continue
		}
		if err != nil {
			return nil, err
		}
		all = addFound(all, image)
	}
	if len(all) == 0 {
		return nil, others
	}
	if len(all) > caps.Images {
		return nil, tooLarge("archive has %d images, more than %d", len(all), caps.Images)
	}
	return all, nil
}

// entry follows one entry of index.json to the manifest for our platform.
func (i *Importer) entry(ctx context.Context, s *spool, desc v1.Descriptor) (found, error) {
	if desc.Platform != nil && !matches(*desc.Platform, i.Stock.Platform) {
		return found{}, wrongPlatform(i.Stock.Platform, []string{desc.Platform.String()})
	}
	if err := checkDescriptor(desc); err != nil {
		return found{}, err
	}
	raw, err := s.manifest(desc)
	if err != nil {
		return found{}, err
	}
	d, err := i.Stock.Caps.choose(ctx, newDocument(raw, desc.MediaType), i.Stock.Platform,
		func(_ context.Context, desc v1.Descriptor) ([]byte, error) { return s.manifest(desc) })
	if err != nil {
		return found{}, err
	}
	f := found{candidate: candidate{manifest: d, blobs: spooled{spool: s}, origin: "import"}}
	switch full, ref := desc.Annotations[containerdName], desc.Annotations[refName]; {
	case full != "":
		f.said = []called{{full: full}}
	case tagOnly.MatchString(ref):
		f.said = []called{{tag: ref}}
	case ref != "":
		f.said = []called{{full: ref}}
	}
	return f, nil
}

// manifest reads a manifest and checks that it is what the descriptor says.
func (s *spool) manifest(desc v1.Descriptor) ([]byte, error) {
	raw, err := s.read(layoutName(desc.Digest), s.caps.Manifest)
	if err != nil {
		return nil, err
	}
	if got := sum(raw); got != desc.Digest || int64(len(raw)) != desc.Size {
		return nil, corrupt("manifest %s of %d bytes is really %s of %d", desc.Digest, desc.Size, got, len(raw))
	}
	return raw, nil
}

// addFound joins entries for the same manifest.
func addFound(all []found, f found) []found {
	for i := range all {
		if all[i].manifest.digest == f.manifest.digest {
			all[i].said = append(all[i].said, f.said...)
			return all
		}
	}
	return append(all, f)
}
