package erofs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// TestRandomTrees: whatever the tree, Linux and erofs-utils read back what is
// in it, and writing it again gives the same bytes.
func TestRandomTrees(t *testing.T) {
	empty := written(t, t.TempDir())
	fsck(t, empty) // skips where it cannot be done, as the next does
	seen(t, empty)
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "tree")
		if err != nil {
			r.Fatal(err)
		}
		plantRandom(r, dir)
		file := written(t, dir)
		fsck(t, file)
		differ(t, manifest(t, dir), seen(t, file))
		a, _ := os.ReadFile(file)
		b, _ := os.ReadFile(written(t, dir))
		if len(a) == 0 || !bytes.Equal(a, b) {
			r.Error("the same tree gives different bytes")
		}
		if t.Failed() {
			r.Fatal("see above")
		}
	})
}

// seen is what Linux sees in the file.
func seen(t *testing.T, file string) string {
	root, unmount := mounted(t, file)
	defer unmount()
	return manifest(t, root)
}

// plantRandom fills dir with a tree. Sizes and names crowd around the places
// where the format has its borders.
func plantRandom(r *rapid.T, dir string) {
	names := rapid.Custom(func(r *rapid.T) string {
		length := rapid.SampledFrom([]int{1, 2, 3, 8, 60, 125, 254, 255}).Draw(r, "length")
		b := rapid.SliceOfN(rapid.ByteRange(1, 255), 1, 4).Draw(r, "bytes")
		name := strings.ReplaceAll(string(bytes.Repeat(b, length)[:length]), "/", "_")
		if name == "." || name == ".." {
			return "_"
		}
		return name
	})
	sizes := rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(4000, 4200), rapid.IntRange(8100, 8300), rapid.IntRange(1<<20-70, 1<<20+70))
	folders, files := []string{"."}, []string(nil)
	for i := range rapid.IntRange(0, 60).Draw(r, "files") {
		at := filepath.Join(rapid.SampledFrom(folders).Draw(r, "folder"), names.Draw(r, "name"))
		path := filepath.Join(dir, at)
		if len(at) > 2000 {
			continue
		}
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		var err error
		switch kind := rapid.IntRange(0, 9).Draw(r, "kind"); {
		case kind < 3:
			err = os.Mkdir(path, 0o700)
			folders = append(folders, at)
		case kind < 4:
			err = os.Symlink(strings.Repeat("t", rapid.SampledFrom([]int{1, 4030, 4032, 4033, 4094}).Draw(r, "target")), path)
		case kind < 5 && len(files) > 0:
			err = os.Link(filepath.Join(dir, rapid.SampledFrom(files).Draw(r, "of")), path)
		case kind < 6:
			err = unix.Mkfifo(path, 0o600)
		default:
			body := make([]byte, sizes.Draw(r, "size"))
			fillFrom(rand.NewPCG(uint64(i), 1), body)
			err = os.WriteFile(path, body, 0o600)
			files = append(files, at)
		}
		if err != nil {
			r.Fatal(err)
		}
		uid := rapid.SampledFrom([]int{0, 1, 65535, 65536, 1<<31 - 1}).Draw(r, "uid")
		if err := os.Lchown(path, uid, uid/2); err != nil {
			r.Fatal(err)
		}
		settle(r, at, path)
	}
	if rapid.Bool().Draw(r, "crowd") {
		name := names.Draw(r, "crowd's name")
		name = name[:min(len(name), 250)]
		for i := range rapid.IntRange(1, 700).Draw(r, "crowd's size") {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s%d", name, i)), nil, 0o600); err != nil {
				r.Fatal(err)
			}
		}
	}
	settle(r, ".", dir)
}

func fillFrom(source rand.Source, b []byte) {
	for i := range b {
		b[i] = byte(source.Uint64())
	}
}
