package folder

import (
	"fmt"
	"testing"
)

// BenchmarkAppend is the path of a job's output.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			blobs, err := Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer blobs.Close()
			p := make([]byte, size)
			b.SetBytes(int64(size))
			key, at := 0, int64(0)
			for b.Loop() {
				if at, err = blobs.Append(background, fmt.Sprint(key), at, p); err != nil {
					b.Fatal(err)
				}
				if at >= 256<<20 { // bound what the disk must hold
					_ = blobs.Delete(background, fmt.Sprint(key))
					key, at = key+1, 0
				}
			}
		})
	}
}

// BenchmarkSeal is the cost of making 64 KiB durable.
func BenchmarkSeal(b *testing.B) {
	blobs, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer blobs.Close()
	p := make([]byte, 64<<10)
	for i := 0; b.Loop(); i++ {
		key := fmt.Sprintf("out/job%d/stdout", i)
		if _, err := blobs.Append(background, key, 0, p); err != nil {
			b.Fatal(err)
		}
		if err := blobs.Seal(background, key); err != nil {
			b.Fatal(err)
		}
	}
}
