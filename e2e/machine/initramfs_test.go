package machine

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"glovebox/e2e/fixture"
)

// TestInitramfs: another program unpacks the archive as it was meant.
func TestInitramfs(t *testing.T) {
	if _, err := os.Stat(fixture.BusyboxPath); err != nil {
		t.Skip("skipped: ", err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"guest": "program", "a.ko": "first", "b.ko": "second one"} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeInitramfs(at("archive"), at("guest"), []module{{"b", at("b.ko")}, {"a", at("a.ko")}}); err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(at("archive"))
	if err != nil {
		t.Fatal(err)
	}
	unpack := exec.Command(fixture.BusyboxPath, "cpio", "-i", "-d")
	unpack.Dir, unpack.Stdin = at("out"), bytes.NewReader(archive)
	if err := os.Mkdir(unpack.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, want := range map[string]string{"init": "program", "modules/a": "first", "modules/b": "second one", "modules/order": "b\na\n"} {
		if got, err := os.ReadFile(filepath.Join(unpack.Dir, name)); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if st, err := os.Stat(filepath.Join(unpack.Dir, "init")); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("init: %v, %v", st, err)
	}
}

// TestStamp: it changes with a file, and only then.
func TestStamp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	stampOf := func(text string) string {
		t.Helper()
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := stamp(map[string]string{"x": path})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := stampOf("one")
	if stampOf("") != first {
		t.Error("changed for nothing")
	}
	if stampOf(strings.Repeat("two", 2)) == first {
		t.Error("did not change with the file")
	}
}
