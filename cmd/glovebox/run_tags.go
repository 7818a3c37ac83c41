package main

import (
	"context"
	"slices"
	"strings"

	"glovebox"
	"glovebox/client"
	"glovebox/images"
)

// mostTags is how many other names a hint lists.
const mostTags = 5

// withTags adds to an error about an image that cannot be had which others of
// the same repository are here.
func withTags(ctx context.Context, c *client.Client, image string, err error) error {
	switch glovebox.KindOf(err) {
	case glovebox.KindImageUnknown, glovebox.KindTagUnknown, glovebox.KindImageDenied, glovebox.KindUnreachable:
	default:
		return err
	}
	known, failed := c.Images(ctx)
	if failed != nil {
		return err // the first error is the one that matters
	}
	near := sameRepository(image, known)
	if len(near) == 0 {
		return err
	}
	better := *glovebox.AsError(err)
	better.Hint = "here is " + strings.Join(near, ", ")
	if old := glovebox.AsError(err).Hint; old != "" {
		better.Hint += "; or " + old
	}
	return &better
}

// sameRepository lists images that differ from the given one only in the tag,
// as a person would write them.
func sameRepository(image string, known []client.Image) []string {
	want := repository(image)
	var near []string
	for _, i := range known {
		if want != "" && repository(i.Name) == want {
			near = append(near, strings.TrimPrefix(strings.TrimPrefix(i.Name, "docker.io/"), "library/"))
		}
	}
	slices.Sort(near)
	return near[:min(len(near), mostTags)]
}

// repository is a name without tag and digest; "" if it has none.
func repository(name string) string {
	full, err := images.Normalize(name)
	if err != nil {
		return ""
	}
	full, _, _ = strings.Cut(full, "@")
	slash, colon := strings.LastIndexByte(full, '/'), strings.LastIndexByte(full, ':')
	if slash < 0 { // a bare digest
		return ""
	}
	if colon > slash {
		full = full[:colon]
	}
	return full
}
