package folder

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"glovebox"
)

// TestTransfer: what a view reads of a folder that is open, and a filler writes,
// are the same blobs: open ones can grow, sealed ones cannot.
func TestTransfer(t *testing.T) {
	from := t.TempDir()
	b := openDir(t, from)
	long := "a/" + strings.Repeat("x", 450)
	for key, sealed := range map[string]bool{"out/j/stdout": true, "out/j": false, long: true, "empty": true} {
		text := strings.TrimSuffix("text of "+key, "empty")
		if key == "empty" {
			text = ""
		}
		if _, err := b.Append(background, key, 0, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if sealed {
			if err := b.Seal(background, key); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := inventory(t, b)
	v, err := OpenView(from)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	to := t.TempDir()
	f, err := OpenFiller(to)
	if err != nil {
		t.Fatal(err)
	}
	err = v.List(background, "", func(key string, _ glovebox.BlobInfo) error {
		r, info, err := v.Open(key)
		if err != nil {
			return err
		}
		defer r.Close()
		return f.Write(key, info.Sealed, r)
	})
	if err := errors.Join(err, f.Sync()); err != nil {
		t.Fatal(err)
	}
	if err := f.Write("empty", true, strings.NewReader("")); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("twice: %v", err)
	}
	if err := f.Write("../x", true, strings.NewReader("")); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Errorf("a bad key: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	c := openDir(t, to)
	if got := inventory(t, c); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if _, err := c.Append(background, "out/j", 13, []byte("more")); err != nil {
		t.Errorf("an open one does not grow: %v", err)
	}
	if _, err := c.Append(background, "out/j/stdout", 20, []byte("more")); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("a sealed one grows: %v", err)
	}
	r, err := c.Open(background, long, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if text, err := io.ReadAll(r); err != nil || string(text) != "text of "+long {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestViewOfTraps: a view follows no link out of its folder and waits for no pipe.
func TestViewOfTraps(t *testing.T) {
	dir := t.TempDir()
	openDir(t, dir)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(key string) string { return filepath.Join(dir, fileName(key)) }
	if err := errors.Join(os.Symlink(secret, at("link")), unix.Mkfifo(at("pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	v, err := OpenView(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, key := range []string{"link", "pipe"} {
		if f, _, err := v.Open(key); err == nil {
			text, _ := io.ReadAll(f)
			t.Errorf("%s was opened: %q", key, text)
		}
	}
	if _, _, err := v.Open("none"); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("none: %v", err)
	}
	if _, err := OpenView(filepath.Join(dir, "absent")); err == nil {
		t.Error("a folder that is not there")
	}
}
