package erofs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHolesStayHoles: a file of more than 4 GiB with next to nothing in it
// takes next to nothing and no time, and all of it is where it was.
func TestHolesStayHoles(t *testing.T) {
	const size = 5 << 30
	dir := t.TempDir()
	hole(t, filepath.Join(dir, "large"), size)
	if err := os.WriteFile(filepath.Join(dir, "next"), []byte("after it"), 0o644); err != nil {
		t.Fatal(err)
	}
	file := written(t, dir)
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		t.Fatal(err)
	}
	if st.Size <= size || st.Blocks*512 > 1<<20 {
		t.Errorf("the file has %d bytes, of which %d on disk", st.Size, st.Blocks*512)
	}
	root, unmount := mounted(t, file)
	defer unmount()
	f, err := os.Open(filepath.Join(root, "large"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, at := range []int64{0, size / 2, size} {
		b := make([]byte, 4)
		if _, err := f.ReadAt(b, at); err != nil || string(b) != "data" {
			t.Errorf("at %d: %q, %v", at, b, err)
		}
	}
	if b := make([]byte, 4096); func() bool { _, err := f.ReadAt(b, size/4); return err != nil || !bytes.Equal(b, make([]byte, 4096)) }() {
		t.Errorf("a hole reads as %.16q", b)
	}
	if b, err := os.ReadFile(filepath.Join(root, "next")); err != nil || string(b) != "after it" {
		t.Errorf("the next file is %q, %v", b, err)
	}
}

// BenchmarkWrite writes a tree as images have them: many small files, some
// large. bytes/disk is what the file takes over what is in it.
func BenchmarkWrite(b *testing.B) {
	for name, shape := range map[string]struct{ files, size int }{"small": {400, 3 << 10}, "mixed": {6000, 30 << 10}, "large": {40, 5 << 20}} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			total := forest(b, dir, shape.files, shape.size)
			file := filepath.Join(b.TempDir(), "image")
			b.SetBytes(total)
			for b.Loop() {
				if err := writeTo(dir, file); err != nil {
					b.Fatal(err)
				}
			}
			var st unix.Stat_t
			if err := unix.Stat(file, &st); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(st.Blocks*512)/float64(total), "bytes/byte")
		})
	}
}

// forest makes files of size bytes in the mean, from few to twice as many.
func forest(b *testing.B, dir string, files, size int) (total int64) {
	b.Helper()
	body := make([]byte, 2*size)
	fillFrom(rand.NewPCG(1, 2), body)
	for i := range files {
		at := filepath.Join(dir, fmt.Sprint(i%50), fmt.Sprint(i%7))
		if err := os.MkdirAll(at, 0o755); err != nil {
			b.Fatal(err)
		}
		part := body[:1+(i*7919)%(2*size)]
		if err := os.WriteFile(filepath.Join(at, fmt.Sprintf("file%d", i)), part, 0o644); err != nil {
			b.Fatal(err)
		}
		total += int64(len(part))
	}
	return total
}
