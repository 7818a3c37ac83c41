package erofs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"glovebox"
)

// roomy are limits that no test tree reaches.
var roomy = Limits{Entries: 1 << 20, Bytes: 1 << 40}

// written writes dir as a file beside it and returns its path.
func written(t testing.TB, dir string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.erofs")
	if err := writeTo(dir, file); err != nil {
		t.Fatal(err)
	}
	return file
}

func writeTo(dir, file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(Write(context.Background(), dir, out, roomy), out.Close())
}

// asRoot skips a test that makes owners, devices or mounts.
func asRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: making owners, devices and mounts takes root")
	}
}

// fsck has erofs-utils judge the file.
func fsck(t testing.TB, file string) {
	t.Helper()
	program, err := exec.LookPath("fsck.erofs")
	if err != nil {
		t.Skip("skipped: no fsck.erofs (Debian: apt-get install erofs-utils)")
	}
	if out, err := exec.Command(program, "--extract", file).CombinedOutput(); err != nil {
		t.Errorf("fsck.erofs: %v\n%s", err, out)
	}
}

// mounted has Linux mount the file and returns where.
func mounted(t testing.TB, file string) (dir string, unmount func()) {
	t.Helper()
	asRoot(t)
	dir, err := os.MkdirTemp("", "gberofs")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "erofs", "-o", "loop,ro,nodev,nosuid", file, dir).CombinedOutput(); err != nil {
		os.Remove(dir)
		if bytes.Contains(out, []byte("unknown filesystem type")) {
			t.Skip("skipped: this kernel has no erofs")
		}
		t.Fatalf("mount: %v\n%s", err, out)
	}
	return dir, func() {
		if err := errors.Join(unix.Unmount(dir, 0), os.Remove(dir)); err != nil {
			t.Error(err)
		}
	}
}

// manifest lists all that can be seen of a tree, but for devices and extended
// attributes: a line for each name, which says what other names a file has.
func manifest(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	first := map[uint64]string{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		kind := st.Mode & unix.S_IFMT
		if kind == unix.S_IFCHR || kind == unix.S_IFBLK {
			return nil
		}
		name := "." + strings.TrimPrefix(path, dir)
		fmt.Fprintf(&b, "%q mode %o owner %d:%d mtime %d.%09d", name, st.Mode, st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec)
		switch kind {
		case unix.S_IFREG:
			body, err := digest(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " size %d %s", st.Size, body)
		case unix.S_IFLNK:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " -> %q", target)
		}
		if first[st.Ino] == "" {
			first[st.Ino] = name
		}
		fmt.Fprintf(&b, " links %d, is %q\n", st.Nlink, first[st.Ino])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func digest(path string) (string, error) {
	b, err := os.ReadFile(path)
	return fmt.Sprintf("%x", sha256.Sum256(b)), err
}

// differ says where two manifests part.
func differ(t testing.TB, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			t.Errorf("line %d differs:\n want %.300s\n  got %.300s", i, line(w, i), line(g, i))
			return
		}
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(the end)"
}

// TestLinuxReadsIt: Linux mounts what is written of a tree with everything odd
// in it, and sees the tree. One byte changed on the way is found.
func TestLinuxReadsIt(t *testing.T) {
	dir := t.TempDir()
	odd(t, dir)
	file := written(t, dir)
	root, unmount := mounted(t, file)
	defer unmount()
	want := manifest(t, dir)
	differ(t, want, manifest(t, root))
	for _, name := range []string{"char", "block"} {
		if _, err := os.Lstat(filepath.Join(root, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("device %s is in the file: %v", name, err)
		}
	}
	if names, err := unix.Listxattr(filepath.Join(root, "attributes"), nil); names != 0 || err != nil {
		t.Errorf("%d bytes of extended attributes are in the file: %v", names, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "usr/tool"), []byte("changed"), 0o755); err != nil {
		t.Fatal(err)
	}
	if manifest(t, dir) == want {
		t.Error("a changed file is not seen, so this test proves nothing")
	}
}

func TestFsckAccepts(t *testing.T) {
	dir := t.TempDir()
	odd(t, dir)
	fsck(t, written(t, dir))
}

// TestFsckRefuses is the positive control of the one above.
func TestFsckRefuses(t *testing.T) {
	program, err := exec.LookPath("fsck.erofs")
	if err != nil {
		t.Skip("skipped: no fsck.erofs (Debian: apt-get install erofs-utils)")
	}
	file := written(t, t.TempDir())
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[blockSize+inodeSize+8] = 0 // where the name of the root's first entry is
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if exec.Command(program, "--extract", file).Run() == nil {
		t.Error("fsck.erofs takes a broken file")
	}
}

// TestSameTreeSameBytes writes a tree where it is told in another order each
// time: by tmpfs, which tells what was made last first.
func TestSameTreeSameBytes(t *testing.T) {
	asRoot(t)
	names := []string{"a", "b", "c", "d/e", "d/f", "long" + strings.Repeat("x", 200)}
	var files [][]byte
	for range 2 {
		dir := t.TempDir()
		if err := unix.Mount("glovebox", dir, "tmpfs", 0, "size=1m"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
		for _, n := range names {
			at := filepath.Join(dir, n)
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(n), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range append(names, "d", ".") {
			settle(t, n, filepath.Join(dir, n))
		}
		b, err := os.ReadFile(written(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b)
		slices.Reverse(names)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the same tree gives different bytes")
	}
}

// TestNothingBehindFiles: what is between files, which jobs see when they map
// the last page of one, is zeros and not what was in memory.
func TestNothingBehindFiles(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string][]byte{"a": bytes.Repeat([]byte{0xff}, 2*sinkBytes), "b": {1}, "c": {2}} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(written(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	end := b[len(b)-2*blockSize:]
	want := make([]byte, 2*blockSize)
	want[0], want[blockSize] = 1, 2
	if !bytes.Equal(end, want) {
		t.Errorf("the last blocks begin with %x and %x", end[:8], end[blockSize:blockSize+8])
	}
}

func TestLimits(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 100), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for limits, want := range map[Limits]glovebox.Kind{
		{Entries: 3, Bytes: 300}: "", {Entries: 2, Bytes: 300}: glovebox.KindImageTooLarge, {Entries: 3, Bytes: 299}: glovebox.KindImageTooLarge,
	} {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		err = Write(t.Context(), dir, out, limits)
		var e *glovebox.Error
		if errors.As(err, &e); want == "" && err != nil || want != "" && (e == nil || e.Kind != want) {
			t.Errorf("%+v: %v, want kind %q", limits, err, want)
		}
	}
}

// TestLinksAreNotFollowed: links to the host, as files and as folders, stay
// links; a root that is one is refused.
func TestLinksAreNotFollowed(t *testing.T) {
	host, dir := t.TempDir(), t.TempDir()
	const secret = "what the host keeps to itself"
	if err := os.WriteFile(filepath.Join(host, "secret"), []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"file": filepath.Join(host, "secret"), "folder": host, "up": "../../../../../../..", "magic": "/proc/self/fd/0"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(written(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte(secret)) {
		t.Error("a file of the host is in the image")
	}
	if err := os.Symlink(dir, filepath.Join(host, "root")); err != nil {
		t.Fatal(err)
	}
	if err := writeTo(filepath.Join(host, "root"), filepath.Join(host, "out")); err == nil {
		t.Error("a root that is a link is followed")
	}
}

// TestGivenUp: a caller that goes away ends the work.
func TestGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := Write(ctx, t.TempDir(), out, roomy); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
