package main

import (
	"context"
	"strings"

	"glovebox"
)

// anyImage has every image but those called none.
type anyImage struct{}

func (anyImage) Find(_ context.Context, tenant, name string) (glovebox.Image, error) {
	if strings.HasPrefix(name, "none") {
		return glovebox.Image{}, glovebox.Errorf(glovebox.KindImageUnknown, "image %s is not here", name).On("containerImage")
	}
	return glovebox.Image{Tenant: tenant, Name: name, Digest: "sha256:" + strings.Repeat("0", 64)}, nil
}
