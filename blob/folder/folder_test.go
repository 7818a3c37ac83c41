package folder

import (
	"testing"

	"glovebox"
	"glovebox/blob/blobtest"
)

func openDir(t *testing.T, dir string) *Blobs {
	t.Helper()
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func fresh(t *testing.T) glovebox.Blobs { return openDir(t, t.TempDir()) }

func TestFolder(t *testing.T) { blobtest.Suite(t, fresh) }

func TestModel(t *testing.T) { blobtest.Model(t, fresh) }

func TestDurable(t *testing.T) {
	dir := t.TempDir()
	var last *Blobs
	blobtest.Durable(t, func(t *testing.T) glovebox.Blobs {
		if last != nil {
			_ = last.Close()
		}
		last = openDir(t, dir)
		return last
	})
}
