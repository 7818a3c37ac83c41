package imageroot

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"glovebox"
)

// tree makes a folder: "-> x" makes a link to x, "/" a folder, else a file.
func tree(t testing.TB, entries map[string]string) *Root {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// A file beside the image must never be reached.
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "host"), []byte("secret"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, body := range entries {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if target, ok := strings.CutPrefix(body, "-> "); ok {
			err = errors.Join(err, os.Symlink(target, path))
		} else if body == "/" {
			err = errors.Join(err, os.MkdirAll(path, 0o755))
		} else {
			err = errors.Join(err, os.WriteFile(path, []byte(body), 0o755))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestResolve(t *testing.T) {
	r := tree(t, map[string]string{
		"usr/bin/tool": "x", "bin": "-> usr/bin", "abs": "-> /usr/bin/tool", "up": "-> ../../../../usr/bin",
		"outside": "-> ../host", "loop": "-> loop", "a": "-> b", "b": "-> a", "chain": "-> bin/../bin/tool",
		"deep/er": "-> ../abs", "dangling": "-> nowhere",
	})
	for name, want := range map[string]string{
		"/": ".", "": ".", "..": ".", "/../..": ".", "/bin/tool": "usr/bin/tool", "abs": "usr/bin/tool",
		"/up/tool": "usr/bin/tool", "chain": "usr/bin/tool", "deep/er": "usr/bin/tool", "/usr/./bin//tool": "usr/bin/tool",
		"bin/../bin/tool": "usr/bin/tool",
	} {
		if got, _, err := r.Resolve(name); err != nil || got != want {
			t.Errorf("Resolve(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
	for name, want := range map[string]error{
		"/outside": fs.ErrNotExist, "/host": fs.ErrNotExist, "loop": syscall.ELOOP, "a": syscall.ELOOP,
		"dangling": fs.ErrNotExist, "usr/bin/tool/x": syscall.ENOTDIR, "abs/..": syscall.ENOTDIR,
	} {
		if got, _, err := r.Resolve(name); !errors.Is(err, want) {
			t.Errorf("Resolve(%q) = %q, %v, want %v", name, got, err, want)
		}
	}
}

// Whatever links an image has, nothing beside it is reached, and it ends.
func TestResolveStaysInside(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "b", "c", "..", "/", ".", "host", "../..", "/a/b", "../../../host"}
	word := func() string {
		var w []string
		for range 1 + rng.IntN(4) {
			w = append(w, parts[rng.IntN(len(parts))])
		}
		return strings.Join(w, "/")
	}
	for range 200 {
		entries := map[string]string{"a/b/c/file": "inside"}
		for _, at := range []string{"x", "y", "a/z", "a/b/w"} {
			entries[at] = "-> " + word()
		}
		r := tree(t, entries)
		for range 20 {
			name := word() + "/" + []string{"x", "y", "a/z", "a/b/w"}[rng.IntN(4)] + "/" + word()
			if b, err := r.read(name, 100); err == nil && string(b) != "inside" {
				t.Fatalf("read(%q) of %v gives %q", name, entries, b)
			}
		}
	}
}

func TestUser(t *testing.T) {
	r := tree(t, map[string]string{
		"etc/passwd": "root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\nbroken line\n:::::\nbig:x:2147483648:0::/:\nneg:x:-1:0::/:\n",
		"etc/group":  "root:x:0:\nextra:x:2000:app,other\nhuge:x:99999999999:app2\n",
	})
	for spec, want := range map[string]User{
		"": {}, "root": {}, "0": {}, "app": {UID: 1000, GID: 1001, Groups: []uint32{2000}}, "1000": {UID: 1000, GID: 1001, Groups: []uint32{2000}},
		"5:6": {UID: 5, GID: 6}, "7": {UID: 7}, "app:extra": {UID: 1000, GID: 2000}, "2147483647": {UID: 1<<31 - 1},
	} {
		got, err := r.User(spec)
		if err != nil || got.UID != want.UID || got.GID != want.GID || len(got.Groups) != len(want.Groups) {
			t.Errorf("User(%q) = %+v, %v, want %+v", spec, got, err, want)
		}
	}
	for _, spec := range []string{"none", "app:none", "2147483648", "4294967296", "-1", "1:-1", "big", "neg", "1:2:3:4", "18446744073709551616"} {
		if got, err := r.User(spec); glovebox.KindOf(err) != glovebox.KindUnknownUser {
			t.Errorf("User(%q) = %+v, %v, want KindUnknownUser", spec, got, err)
		}
	}
	// Accounts that are links to the host's do not count.
	evil := tree(t, map[string]string{"etc/passwd": "-> /../../../../etc/passwd", "etc/group": "-> /dev/zero"})
	if _, err := evil.User("daemon"); glovebox.KindOf(err) != glovebox.KindUnknownUser {
		t.Errorf("the host's accounts are used: %v", err)
	}
}

func TestELFLoader(t *testing.T) {
	head := make([]byte, 4096)
	copy(head, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(head[18:], machines[runtime.GOARCH])
	binary.LittleEndian.PutUint64(head[32:], 64) // table
	binary.LittleEndian.PutUint16(head[54:], 56)
	binary.LittleEndian.PutUint16(head[56:], 2)
	binary.LittleEndian.PutUint32(head[64+56:], 3)
	binary.LittleEndian.PutUint64(head[64+56+8:], 1000)
	binary.LittleEndian.PutUint64(head[64+56+32:], 12)
	copy(head[1000:], "/lib/ld.so\x00")
	if got := elfLoader(head); got != "/lib/ld.so" {
		t.Errorf("loader %q", got)
	}
	// Any bytes at all must not make it fail.
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		b := head[:64+rng.IntN(len(head)-64)]
		old := make([]byte, 64)
		copy(old, b)
		for range 4 {
			b[32+rng.IntN(32)] = byte(rng.Uint32())
		}
		_ = elfLoader(b)
		copy(b, old)
	}
}
