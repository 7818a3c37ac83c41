package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
)

// inventory is what a node holds, as time goes by.
type inventory func(passed time.Duration) ([]glovebox.Residue, error)

func (inventory) List(context.Context) ([]glovebox.Found, error) { return nil, nil }

var began = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a synctest bubble starts

func (i inventory) Residue(context.Context, map[string]bool) ([]glovebox.Residue, error) {
	return i(time.Since(began))
}

func TestFindResidue(t *testing.T) {
	thing := func(sandbox string) glovebox.Residue {
		return glovebox.Residue{Kind: "process", Name: "1", Sandbox: sandbox}
	}
	partial := glovebox.Errorf(glovebox.KindUnavailable, "no containerd")
	for _, c := range []struct {
		name string
		inv  inventory
		live []string
		want int
		kind glovebox.Kind
	}{
		{"nothing", func(time.Duration) ([]glovebox.Residue, error) { return nil, nil }, nil, 0, ""},
		{"left", func(time.Duration) ([]glovebox.Residue, error) { return []glovebox.Residue{thing("a")}, nil }, nil, 1, ""},
		{"live", func(time.Duration) ([]glovebox.Residue, error) { return []glovebox.Residue{thing("a")}, nil }, []string{"a"}, 0, ""},
		{"leaving", func(d time.Duration) ([]glovebox.Residue, error) {
			if d > time.Second {
				return nil, nil
			}
			return []glovebox.Residue{thing("a")}, nil
		}, nil, 0, ""},
		{"always something, never the same", func(d time.Duration) ([]glovebox.Residue, error) {
			return []glovebox.Residue{thing(d.String())}, nil
		}, nil, 0, ""},
		{"one among others", func(d time.Duration) ([]glovebox.Residue, error) {
			return []glovebox.Residue{thing(d.String()), thing("stuck"), thing("a")}, nil
		}, []string{"a"}, 1, ""},
		{"the machine alone", func(time.Duration) ([]glovebox.Residue, error) {
			return []glovebox.Residue{thing("a")}, partial
		}, nil, 1, glovebox.KindUnavailable},
		{"blind", func(time.Duration) ([]glovebox.Residue, error) {
			return nil, glovebox.Errorf(glovebox.KindInternal, "no /proc")
		}, nil, 0, glovebox.KindInternal},
	} {
		synctest.Test(t, func(t *testing.T) {
			left, err := findResidue(t.Context(), c.inv, func(context.Context) (map[string]bool, error) {
				live := map[string]bool{}
				for _, id := range c.live {
					live[id] = true
				}
				return live, nil
			})
			if len(left) != c.want || glovebox.KindOf(err) != c.kind {
				t.Errorf("%s: %v, %v", c.name, left, err)
			}
			if d := time.Since(began); d > leaving+time.Second {
				t.Errorf("%s: took %s", c.name, d)
			}
		})
	}
}
