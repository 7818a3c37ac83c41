package contexts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"glovebox"
	"glovebox/internal/contexts"
)

func put(t *testing.T, path, name string) {
	t.Helper()
	err := contexts.Update(path, func(c *contexts.Contexts) error {
		c.Put(contexts.Context{Name: name, URL: "https://" + name, Key: "secret"})
		return c.Use(name)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPath(t *testing.T) {
	for _, k := range []struct{ config, xdg, home, want string }{
		{"/x/c.json", "/xdg", "/home/a", "/x/c.json"},
		{"", "/xdg", "/home/a", "/xdg/glovebox/contexts.json"},
		{"", "relative", "/home/a", "/home/a/.config/glovebox/contexts.json"},
		{"", "", "/home/a", "/home/a/.config/glovebox/contexts.json"},
		{"", "", "", ""},
	} {
		env := map[string]string{"GLOVEBOX_CONFIG": k.config, "XDG_CONFIG_HOME": k.xdg, "HOME": k.home}
		got, err := contexts.Path(func(name string) string { return env[name] })
		if got != k.want || (k.want == "") != (err != nil) {
			t.Errorf("%+v: %q, %v", k, got, err)
		}
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "glovebox", "contexts.json")
	if c, err := contexts.Load(path); err != nil || len(c.All) != 0 {
		t.Fatal(c, err)
	}
	old := syscall.Umask(0)
	put(t, path, "one")
	put(t, path, "two")
	syscall.Umask(old)
	for name, mode := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if st, err := os.Stat(name); err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, st.Mode(), err)
		}
	}
	c, err := contexts.Load(path)
	if err != nil || c.Current != "two" || len(c.All) != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	stop := fmt.Errorf("no")
	if err := contexts.Update(path, func(c *contexts.Contexts) error { c.All = nil; return stop }); err != stop {
		t.Error(err)
	}
	if err := contexts.Update(path, func(c *contexts.Contexts) error { return c.Remove("two") }); err != nil {
		t.Error(err)
	}
	c, err = contexts.Load(path)
	if err != nil || c.Current != "" || len(c.All) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, err := range []error{c.Remove("two"), c.Use("two")} {
		if glovebox.KindOf(err) != glovebox.KindInvalid {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".contexts-*")); len(left) != 0 {
		t.Error(left)
	}
}

// TestExposed: a file that others could read or change is not used.
func TestExposed(t *testing.T) {
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660, 0o602} {
		path := filepath.Join(t.TempDir(), "contexts.json")
		put(t, path, "one")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := contexts.Load(path)
		if e := glovebox.AsError(err); e.Kind != glovebox.KindDenied || e.Hint == "" {
			t.Errorf("%o: %v", mode, err)
		}
		err = contexts.Update(path, func(*contexts.Contexts) error { t.Error("changed"); return nil })
		if glovebox.KindOf(err) != glovebox.KindDenied {
			t.Errorf("%o: %v", mode, err)
		}
		if st, _ := os.Stat(path); st.Mode().Perm() != mode {
			t.Errorf("mode was mended to %v: what was exposed stays exposed", st.Mode())
		}
	}
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "contexts.json")
	err := contexts.Update(path, func(*contexts.Contexts) error { return nil })
	if glovebox.KindOf(err) != glovebox.KindDenied {
		t.Error(err)
	}
	link := filepath.Join(t.TempDir(), "link.json")
	real := filepath.Join(t.TempDir(), "contexts.json")
	put(t, real, "one")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if _, err := contexts.Load(link); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Error(err)
	}
}

func TestNonsense(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"contexts":[]} x`, `{"contexts":[],"newer":1}`, `{"contexts":[{"name":"../x"}]}`} {
		path := filepath.Join(t.TempDir(), "contexts.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := contexts.Load(path); glovebox.KindOf(err) != glovebox.KindInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
	for name, good := range map[string]bool{"prod": true, "[::1]:8443": true, "a.b-c:1": true, "": false, "-x": false, "a b": false, "a/b": false, "é": false} {
		if err := contexts.CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestWriters: of many writers at one time nobody's change is lost, and a reader
// never sees half a file.
func TestWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "contexts.json")
	put(t, path, "first")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			err := contexts.Update(path, func(c *contexts.Contexts) error {
				c.Put(contexts.Context{Name: fmt.Sprint("n", i), URL: "https://x"})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if _, err := contexts.Load(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	c, err := contexts.Load(path)
	if err != nil || len(c.All) != 21 || c.Current != "first" {
		t.Errorf("%d contexts, current %q, %v", len(c.All), c.Current, err)
	}
}
