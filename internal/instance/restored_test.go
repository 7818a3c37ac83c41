package instance

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"glovebox"
)

// TestRestoredTakesPlace: an instance is there with all that was filled in, has an
// id of its own, and can be opened.
func TestRestoredTakesPlace(t *testing.T) {
	needRoot(t)
	h := tempHost(t)
	for name, prepare := range map[string]func(dir string) error{
		"absent":        os.Remove,
		"empty":         func(string) error { return nil },
		"new disk":      func(dir string) error { return os.Mkdir(filepath.Join(dir, "lost+found"), 0o700) },
		"killed before": func(dir string) error { return os.MkdirAll(filepath.Join(dir, dirRestoring, "control", "x"), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			l := Layout{Dir: short(t)}
			if err := prepare(l.Dir); err != nil {
				t.Fatal(err)
			}
			var id string
			err := Restored(l, h, "test", func(i *Instance) error {
				id = i.ID
				if _, err := Read(l); glovebox.KindOf(err) != glovebox.KindNotFound {
					t.Errorf("it counts as an instance already: %v", err)
				}
				if _, err := Open(l, h, "test"); glovebox.KindOf(err) != glovebox.KindDenied {
					t.Errorf("it can be opened already: %v", err)
				}
				return errors.Join(os.WriteFile(i.Store(), []byte("store"), 0o600), i.HandOver())
			})
			if err != nil {
				t.Fatal(err)
			}
			i := mustOpen(t, l.Dir, h)
			if i.ID != id {
				t.Errorf("id %s, then %s", id, i.ID)
			}
			if text, err := os.ReadFile(i.Store()); err != nil || string(text) != "store" {
				t.Errorf("%q, %v", text, err)
			}
			if uid, mode := owner(t, i.Store()); uid != i.ControlUID || mode != 0o600 {
				t.Errorf("the store is of uid %d, mode %o; control is %d", uid, mode, i.ControlUID)
			}
			if _, err := os.Lstat(filepath.Join(l.Dir, dirRestoring)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("left: %v", err)
			}
		})
	}
}

// TestRestoredRefused: nothing is changed where something is, and nothing is left
// of what came to nothing.
func TestRestoredRefused(t *testing.T) {
	needRoot(t)
	h := tempHost(t)
	full := Layout{Dir: short(t)}
	mustOpen(t, full.Dir, h)
	called := func(*Instance) error { t.Error("it was filled"); return nil }
	wantKind(t, Restored(full, h, "test", called), glovebox.KindConflict, "not empty")
	thesis := Layout{Dir: short(t)}
	if err := os.WriteFile(filepath.Join(thesis.Dir, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantKind(t, Restored(thesis, h, "test", called), glovebox.KindConflict, "thesis.txt")

	broken := errors.New("broken")
	fail := func(i *Instance) error { return errors.Join(os.WriteFile(i.Store(), nil, 0o600), broken) }
	empty := Layout{Dir: short(t)}
	if err := Restored(empty, h, "test", fail); !errors.Is(err, broken) {
		t.Error(err)
	}
	if left, err := os.ReadDir(empty.Dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	absent := Layout{Dir: filepath.Join(short(t), "data")}
	if err := Restored(absent, h, "test", fail); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := os.Lstat(absent.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was left: %v", err)
	}
}
