package main

import (
	"slices"
	"testing"

	"glovebox/client"
)

func TestSameRepository(t *testing.T) {
	var known []client.Image
	for _, n := range []string{"docker.io/library/busybox:foo", "docker.io/library/busybox:bar", "docker.io/me/busybox:1", "localhost:5000/a:1"} {
		known = append(known, client.Image{Name: n})
	}
	for image, want := range map[string][]string{
		"busybox":                   {"busybox:bar", "busybox:foo"},
		"docker.io/library/busybox": {"busybox:bar", "busybox:foo"},
		"me/busybox:2":              {"me/busybox:1"},
		"localhost:5000/a":          {"localhost:5000/a:1"},
		"localhost:5000/b":          nil,
		"no name at all":            nil,
	} {
		if got := sameRepository(image, known); !slices.Equal(got, want) {
			t.Errorf("%s: %q", image, got)
		}
	}
}
