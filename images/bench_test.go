package images

import (
	"testing"

	"glovebox/blob/folder"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// BenchmarkCopy is fetch, check and store of one layer of 64 MiB unpacked, from
// memory into a folder.
func BenchmarkCopy(b *testing.B) {
	h := regular("big")
	h.Size = 64 << 20
	raw := tarOf(b, h)
	for name, l := range map[string]v1.Layer{"plain": plain(raw), "gzip": gzipped(b, raw)} {
		b.Run(name, func(b *testing.B) {
			img := imageOf(b, nil, l)
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				blobs, err := folder.Open(b.TempDir())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := copyOf(img, blobs, Caps{}); err != nil {
					b.Fatal(err)
				}
				_ = blobs.Close()
			}
		})
	}
}
