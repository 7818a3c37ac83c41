package containerd_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"glovebox"
	"glovebox/runtime/containerd"
	"glovebox/runtime/runtimetest"
)

// TestErofs: where gVisor is, every image's root is also there as a file, made
// by EnsureImage, and goes with the image; nothing half-made stays.
func TestErofs(t *testing.T) {
	n := newNode(t, glovebox.RuntimeGVisor)
	r := n.open(t)
	img := runtimetest.NewImage(t,
		[]runtimetest.File{{Name: "a/kept", Mode: 0o640, Body: "one"}, {Name: "a/hidden", Mode: 0o644, Body: "two"}, {Name: "b/hidden", Mode: 0o644}},
		[]runtimetest.File{{Name: "a/.wh.hidden"}, {Name: "b/.wh..wh..opq"}, {Name: "b/new", Mode: 0o755, Body: "three"}})
	folder := filepath.Join(n.config.Dir, "erofs")
	if _, err := containerd.ErofsImage(t.Context(), r, img.Image); glovebox.KindOf(err) != glovebox.KindStart {
		t.Errorf("of an image that is not there: %v", err)
	}
	if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	made := onlyFile(t, folder)
	if want := strings.TrimPrefix(img.Digest, "sha256:") + ".erofs"; made.Name() != want || made.Mode() != 0o600 {
		t.Errorf("%s has mode %v, want %s", made.Name(), made.Mode(), want)
	}

	t.Run("is the merged root", func(t *testing.T) {
		dir := t.TempDir()
		mount := exec.Command("mount", "-t", "erofs", "-o", "loop,ro", filepath.Join(folder, made.Name()), dir)
		if out, err := mount.CombinedOutput(); strings.Contains(string(out), "unknown filesystem type") {
			t.Skip("skipped: this kernel has no erofs")
		} else if err != nil {
			t.Fatalf("mount: %v: %s", err, out)
		}
		defer syscall.Unmount(dir, 0)
		want, got := listing(t, filepath.Join(n.config.Dir, "images", strings.TrimPrefix(img.Digest, "sha256:"))), listing(t, dir)
		if !strings.Contains(want, "kept") || strings.Contains(want, "hidden") {
			t.Fatalf("the image is not as meant:\n%s", want)
		}
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("again costs nothing", func(t *testing.T) {
		path, err := containerd.ErofsImage(t.Context(), r, img.Image)
		if err != nil || path != filepath.Join(folder, made.Name()) {
			t.Errorf("%s, %v", path, err)
		}
		if now := onlyFile(t, folder); !os.SameFile(made, now) {
			t.Error("it was made again")
		}
	})
	t.Run("together share the work", func(t *testing.T) {
		remove(t, folder, made.Name())
		before := bytesWritten(t)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := containerd.ErofsImage(t.Context(), r, img.Image); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if wrote, size := bytesWritten(t)-before, onlyFile(t, folder).Size(); wrote < size/2 || wrote > size*3/2 {
			t.Errorf("%d bytes were written for a file of %d", wrote, size)
		}
	})
	t.Run("given up", func(t *testing.T) {
		remove(t, folder, made.Name())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := containerd.ErofsImage(ctx, r, img.Image); err == nil {
			t.Error("made for a caller who went away")
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
		if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
			t.Error(err)
		}
		onlyFile(t, folder)
	})
	t.Run("is no residue", func(t *testing.T) {
		left, err := r.Residue(t.Context(), nil)
		if err != nil || len(left) != 0 {
			t.Errorf("residue %v, %v", left, err)
		}
	})
	t.Run("goes with the image", func(t *testing.T) {
		if err := r.RemoveImage(t.Context(), img.Digest); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

// TestErofsNeedsGVisor: a node without gVisor does not pay for such files.
func TestErofsNeedsGVisor(t *testing.T) {
	n := newNode(t, glovebox.RuntimeRunc)
	r := n.open(t)
	img := runtimetest.NewImage(t)
	if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(n.config.Dir, "erofs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) != 0 {
		t.Errorf("made: %v, %v", left, err)
	}
}

func onlyFile(t testing.TB, dir string) os.FileInfo {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%s has %v, %v, want one file", dir, entries, err)
	}
	info, err := entries[0].Info()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func remove(t testing.TB, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// listing is all names below dir with what the kernel says of them, and bodies.
func listing(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		st, body := info.Sys().(*syscall.Stat_t), ""
		switch {
		case info.Mode().IsRegular():
			read, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			body = fmt.Sprintf("%x", sha256.Sum256(read))
		case info.Mode()&fs.ModeSymlink != 0:
			if body, err = os.Readlink(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&b, "%q %o %d:%d %d %s\n", strings.TrimPrefix(path, dir), st.Mode, st.Uid, st.Gid, info.ModTime().UnixNano(), body)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bytesWritten is how many bytes this process has written to anything.
func bytesWritten(t testing.TB) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skipf("skipped: the kernel does not count: %v", err)
	}
	for line := range strings.Lines(string(b)) {
		if count, ok := strings.CutPrefix(line, "wchar: "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no count in %q", b)
	return 0
}
