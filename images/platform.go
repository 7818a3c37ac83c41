package images

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// readManifest returns the bytes that a descriptor in an index stands for. Its
// caller checks digest and size.
type readManifest func(ctx context.Context, desc v1.Descriptor) ([]byte, error)

// choose follows indexes from d to the manifest for the platform.
func (c Caps) choose(ctx context.Context, d document, platform string, read readManifest) (document, error) {
	for range indexDepth {
		index, err := d.isIndex()
		if err != nil || !index {
			return d, err
		}
		desc, err := pick(d, platform)
		if err != nil {
			return d, err
		}
		if desc.Size > c.Manifest {
			return d, tooLarge("manifest %s has %d bytes, more than %d", desc.Digest, desc.Size, c.Manifest)
		}
		raw, err := read(ctx, desc)
		if err != nil {
			return d, err
		}
		d = newDocument(raw, desc.MediaType)
		if d.digest != desc.Digest || int64(len(raw)) != desc.Size {
			return d, corrupt("manifest %s of %d bytes is really %s of %d", desc.Digest, desc.Size, d.digest, len(raw))
		}
	}
	if index, err := d.isIndex(); err != nil || !index {
		return d, err
	}
	return d, invalid("more than %d indexes lead to the image", indexDepth)
}

// pick returns the entry of an index for the platform. An entry that names none
// is taken if it is the only one; what it is for is then said by its config.
func pick(d document, platform string) (v1.Descriptor, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(d.raw))
	if err != nil {
		return v1.Descriptor{}, invalid("index %s is not readable: %w", d.digest, err)
	}
	var has []string
	var unnamed []v1.Descriptor
	for _, desc := range index.Manifests {
		if err := checkDescriptor(desc); err != nil {
			return v1.Descriptor{}, err
		}
		switch {
		case desc.Platform == nil:
			unnamed = append(unnamed, desc)
		case matches(*desc.Platform, platform):
			return desc, nil
		case desc.Platform.OS != "unknown": // attestations are for unknown/unknown
			has = append(has, desc.Platform.String())
		}
	}
	if len(unnamed) == 1 && len(has) == 0 {
		return unnamed[0], nil
	}
	return v1.Descriptor{}, wrongPlatform(platform, has)
}

// matches says whether an image for p runs on platform, "os/arch". Variants that
// ask for more than the architecture's first version do not.
func matches(p v1.Platform, platform string) bool {
	if p.OS+"/"+p.Architecture != platform {
		return false
	}
	return slices.Contains([]string{"", "v8", "v1"}, p.Variant)
}

func wrongPlatform(want string, has []string) error {
	e := glovebox.Errorf(glovebox.KindImagePlatform, "image has no variant for %s", want)
	if len(has) == 0 {
		return e.Try("build the image for %s", want)
	}
	return e.Try("build the image for %s too; it is there for %s", want, strings.Join(has[:min(len(has), 10)], ", "))
}
