package runtimetest

import (
	"testing"

	"glovebox"
)

// inventory: what is alive is not residue; what was planted is found, and is
// gone after Destroy. Without that, an empty list would mean nothing.
func (s suite) inventory(t *testing.T) {
	s.check(t, "live is not residue", func(t *testing.T) {
		j := s.newJob(t, s.spec("polite"), nil).start().ready()
		left, err := s.sys.Residue(t.Context(), map[string]bool{j.spec.ID: true})
		if err != nil || len(left) > 0 {
			t.Errorf("a live sandbox is called residue: %v, %v", left, err)
		}
		left, err = s.sys.Residue(t.Context(), nil)
		if err != nil || len(left) == 0 {
			t.Errorf("nobody's sandbox is not called residue: %v, %v", left, err)
		}
		j.destroy()
	})
	for _, p := range s.n.Plants {
		s.check(t, "finds a planted "+p.Kind, func(t *testing.T) {
			id := s.spec("x").ID
			p.Put(t, id)
			left, err := s.sys.Residue(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !has(left, p.Kind, id) {
				t.Errorf("not found among %v", left)
			}
			if err := s.sys.Destroy(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
}

func has(left []glovebox.Residue, kind, id string) bool {
	for _, x := range left {
		if x.Kind == kind && x.Sandbox == id {
			return true
		}
	}
	return false
}
