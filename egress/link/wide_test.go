package link

import (
	"testing"
	"time"
)

// TestWide: a wide slot reaches the filter with every TCP connection and with
// nothing else, also after the router was opened anew; others do not.
func TestWide(t *testing.T) {
	n := start(t, config(t))
	a, b := n.slot(t, "a"), n.slot(t, "b")
	all := []string{out4, out6, other4}
	for _, to := range all {
		refuses(t, a, to)
	}
	for range 2 {
		if err := n.Widen(t.Context(), "a", true); err != nil {
			t.Fatal(err)
		}
	}
	for _, to := range all {
		reaches(t, a, to).Close()
		refuses(t, b, to)
	}
	n.pin(t, "a", time.Minute, out4)
	if err := n.Widen(t.Context(), "a", false); err != nil {
		t.Fatal(err)
	}
	reaches(t, a, out4).Close()
	refuses(t, a, out6)
	if err := n.Widen(t.Context(), "a", true); err != nil {
		t.Fatal(err)
	}
	if err := n.Remove("a"); err != nil {
		t.Fatal(err)
	}
	left, err := n.Residue(map[string]bool{"b": true})
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
