package containerd_test

import (
	"testing"

	"glovebox"
	"glovebox/runtime/runtimetest"
)

// TestInterpreterRefused: a template whose interpreter cannot be leaves nothing.
func TestInterpreterRefused(t *testing.T) {
	r := newNode(t, glovebox.RuntimeGVisor).open(t)
	img := runtimetest.NewImage(t)
	if err := r.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		template glovebox.Template
		kind     glovebox.Kind
	}{
		"not one":          {glovebox.Template{Name: "a", Image: img.Image, Interpreter: "perl"}, glovebox.KindInvalid},
		"of no image":      {glovebox.Template{Name: "a", Interpreter: "python3"}, glovebox.KindInvalid},
		"not in the image": {glovebox.Template{Name: "a", Image: img.Image, Interpreter: "node"}, glovebox.KindImageInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if err := r.Park(t.Context(), "pool-odd-1", tt.template); glovebox.KindOf(err) != tt.kind {
				t.Errorf("%v, want %s", err, tt.kind)
			}
			if left, err := r.Residue(t.Context(), nil); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}
