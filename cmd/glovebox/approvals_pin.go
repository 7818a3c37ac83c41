package main

import (
	"context"
	"fmt"
	"strings"

	"glovebox"
	"glovebox/client"
	"glovebox/images"
)

// pinned returns the spec with its image named by digest, as a signature is for
// exact content: the digest that the server has under the name at this moment.
// KindImageUnknown if it has none.
func (a *app) pinned(ctx context.Context, c *client.Client, spec glovebox.Spec) (glovebox.Spec, error) {
	name, err := images.Normalize(spec.Image)
	if err != nil {
		return spec, err
	}
	if strings.Contains(name, "@") || strings.HasPrefix(name, "sha256:") {
		return spec, nil
	}
	kept, err := c.Images(ctx)
	if err != nil {
		return spec, err
	}
	for _, img := range kept {
		if img.Name != name {
			continue
		}
		fmt.Fprintf(a.stderr, "image %s pinned to %s\n", inert(spec.Image), inert(img.Digest))
		spec.Image += "@" + img.Digest
		return spec, nil
	}
	return spec, glovebox.Errorf(glovebox.KindImageUnknown, "a signature is for exact content, and image %s is not here", spec.Image).
		On("containerImage").Try("pull or import it first (`glovebox image pull %s`), or name it by digest", spec.Image)
}
