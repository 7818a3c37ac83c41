package receipt_test

import (
	"fmt"
	"testing"

	"glovebox"
	"glovebox/blob/folder"
	"glovebox/blob/memory"
	"glovebox/receipt"
)

// BenchmarkIssue is what a receipt costs a job that wrote little, without a disk
// and with its syncs.
func BenchmarkIssue(b *testing.B) {
	disk, err := folder.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer disk.Close()
	for name, blobs := range map[string]glovebox.Blobs{"memory": memory.New(), "disk": disk} {
		b.Run(name, func(b *testing.B) {
			i := issuer(b, wrote())
			i.Blobs = blobs
			j, n := over(), 0
			for b.Loop() {
				n++
				j.ID = fmt.Sprint("j", n)
				if _, err := i.Issue(b.Context(), j); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead is how fast output is read for a receipt.
func BenchmarkRead(b *testing.B) {
	const size = 64 << 20
	i, j := issuer(b, written{"stdout": make([]byte, size)}), over()
	j.Output, j.Artifacts = glovebox.Output{Stdout: size, Sealed: true}, nil
	b.SetBytes(size)
	for b.Loop() {
		if _, err := i.Issue(b.Context(), j); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify is the check of a receipt.
func BenchmarkVerify(b *testing.B) {
	i := issuer(b, wrote())
	text, keys := issued(b, i, over()), i.Keys.Public()
	b.ReportMetric(float64(len(text)), "bytes/receipt")
	for b.Loop() {
		if _, err := receipt.Verify(text, keys); err != nil {
			b.Fatal(err)
		}
	}
}
