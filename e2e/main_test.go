package e2e

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"glovebox/e2e/box"
	"glovebox/e2e/fixture"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

var archives = struct {
	once            sync.Once
	dir             string
	busybox, python string
	err             error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if archives.dir != "" {
		_ = os.RemoveAll(archives.dir)
	}
	os.Exit(code)
}

// makeArchives assembles the images once for all tests.
func makeArchives() {
	a := &archives
	if a.dir, a.err = os.MkdirTemp("", "gb-images"); a.err != nil {
		return
	}
	a.busybox, a.python = filepath.Join(a.dir, "busybox.tar"), filepath.Join(a.dir, "python.tar")
	config := v1.Config{Env: []string{"PATH=/bin:/usr/bin", "FROM_IMAGE=yes"}}
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	if err != nil {
		a.err = err
		return
	}
	img, err := fixture.Image(tree, config)
	if err != nil {
		a.err = err
		return
	}
	a.err = fixture.WriteArchive(a.busybox, "busybox:test", img)
}

// up starts a box that has busybox:test.
func up(t *testing.T, args ...string) *box.Box {
	t.Helper()
	archives.once.Do(makeArchives)
	if archives.err != nil {
		t.Fatal(archives.err)
	}
	b := box.Up(t, args...)
	b.Must("image", "import", archives.busybox)
	return b
}
