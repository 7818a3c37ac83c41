package hostile

import (
	"strings"
	"testing"
)

// TestSheet: a success, and a control that fails once, cannot be lost.
func TestSheet(t *testing.T) {
	var s Sheet
	s.Add(Attempt{Family: 1, Column: GVisor, Case: "held"})
	s.Add(Attempt{Family: 1, Column: Default, Case: "worked", Succeeded: true})
	s.Control("a", true)
	s.Control("b", true)
	if got := s.Line(); got != "hostile: tried=1 succeeded=0 controls=2/2" {
		t.Error(got)
	}
	s.Add(Attempt{Family: 2, Column: GVisor, Case: "worked", Succeeded: true})
	s.Control("a", false)
	s.Control("a", true)
	s.Open(GVisor, Surfaces{Open: 3, Tried: 9})
	if got := s.Line(); got != "hostile: tried=2 succeeded=1 controls=1/2" {
		t.Error(got)
	}
	table := s.Table(Columns...)
	for _, want := range []string{"| 1 | network | 0 / 1 | – | 1 / 1 | – |", "| 2 | metadata services | 1 / 1 |", "`provider/local`", "| | open surfaces | 3 of 9 | – |"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
}
