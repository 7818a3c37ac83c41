package images

import (
	"testing"

	"glovebox"
	"glovebox/blob/memory"
)

// TestRecordsOutliveNames: what a job was placed with is found by digest.
func TestRecordsOutliveNames(t *testing.T) {
	s := NewStock(memory.New(), DefaultCaps())
	img := glovebox.Image{Name: "docker.io/library/a:1", Digest: "sha256:ab", Layers: []glovebox.Layer{{DiffID: "sha256:cd"}}}
	if _, err := s.Recall(t.Context(), img.Digest); glovebox.KindOf(err) != glovebox.KindImageUnknown {
		t.Fatalf("before: %v", err)
	}
	for range 2 { // again is fine
		if err := s.Remember(t.Context(), img); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Recall(t.Context(), img.Digest)
	if err != nil || got.Name != img.Name || len(got.Layers) != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	s.discard("ab")
	if _, err := s.Recall(t.Context(), img.Digest); glovebox.KindOf(err) != glovebox.KindImageUnknown {
		t.Fatalf("after its blob went: %v", err)
	}
}
