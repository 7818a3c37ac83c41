package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"glovebox/e2e/fixture"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// pythonArchive assembles python:test; the packages are kept in the cache
// folder between runs.
func pythonArchive(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(archives.python); err == nil {
		return archives.python
	}
	cache, err := filepath.Abs("../.cache")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := fixture.Python(cache)
	if err != nil {
		t.Fatal(err)
	}
	img, err := fixture.Image(tree, v1.Config{Env: []string{"PATH=/usr/bin:/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := fixture.WriteArchive(archives.python, "python:test", img); err != nil {
		t.Fatal(err)
	}
	return archives.python
}
