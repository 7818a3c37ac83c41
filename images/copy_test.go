package images

import (
	"runtime"
	"testing"

	"glovebox/blob/memory"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestCopy is for callers that have a v1.Image of their own.
func TestCopy(t *testing.T) {
	here := func(c *v1.ConfigFile) { c.Architecture = runtime.GOARCH }
	layer := plain(tarOf(t, regular("f")))
	img := imageOf(t, here, layer, layer) // the same layer twice, as builders do
	blobs := memory.New()
	rec, err := Copy(background, img, blobs, Caps{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, rec)
	if rec.Name != rec.Digest || len(rec.Layers) != 2 {
		t.Fatalf("record is %+v", rec)
	}
}
