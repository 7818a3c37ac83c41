package sandbox

import (
	"os"
	"path/filepath"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// TestOutFolder: it is the user's, unless the image has anything there.
func TestOutFolder(t *testing.T) {
	for name, c := range map[string]struct {
		make func(root string) error
		want int
	}{
		"none":     {func(string) error { return nil }, 1},
		"a folder": {func(root string) error { return os.Mkdir(filepath.Join(root, "out"), 0o700) }, 0},
		"a file":   {func(root string) error { return os.WriteFile(filepath.Join(root, "out"), nil, 0o600) }, 0},
		"a link":   {func(root string) error { return os.Symlink("/etc", filepath.Join(root, "out")) }, 0},
		"nowhere":  {func(root string) error { return os.Symlink("nowhere", filepath.Join(root, "out")) }, 0},
	} {
		root := t.TempDir()
		if err := c.make(root); err != nil {
			t.Fatal(err)
		}
		all, err := outFolder(outSpec(root))
		if err != nil || len(all) != c.want {
			t.Errorf("%s: %v, %v", name, all, err)
		}
		for _, e := range all {
			if e.Name != "./out/" || e.Mode != 0o755 || e.Uid != 5 || e.Gid != 6 {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
}

func outSpec(root string) *specs.Spec {
	return &specs.Spec{Root: &specs.Root{Path: root}, Process: &specs.Process{User: specs.User{UID: 5, GID: 6}}}
}

// BenchmarkOutFolder is what a claim has more to do on the host.
func BenchmarkOutFolder(b *testing.B) {
	spec := outSpec(b.TempDir())
	for b.Loop() {
		if _, err := outFolder(spec); err != nil {
			b.Fatal(err)
		}
	}
}
