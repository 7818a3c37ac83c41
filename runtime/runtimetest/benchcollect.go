package runtimetest

import (
	"io"
	"testing"

	"glovebox"
)

// BenchCollect measures Collect of a job that has left nothing, one large file
// of 64 MiB, and 5,000 small ones.
func BenchCollect(b *testing.B, n Node) {
	s := suite{n: n, img: NewImage(b), sys: n.Open(b)}
	if err := s.sys.EnsureImage(b.Context(), s.img.Image, s.img.Fetch); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, script string }{
		{"nothing", "true"},
		{"large", "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -c 67108864 >/out/large"},
		{"small", "cd /out; i=0; while [ $i -lt 5000 ]; do echo $i >f$i; i=$((i+1)); done"},
	} {
		b.Run(c.name, func(b *testing.B) {
			spec := s.spec("sh", "-c", c.script)
			spec.Limits.Disk, spec.Limits.Inodes, spec.Limits.Memory = 128<<20, 10_000, 512<<20
			j := s.newJob(b, spec, nil).start()
			if exit := j.wait(); exit.Code != 0 {
				b.Fatalf("exit %+v, stderr %q", exit, j.stderr())
			}
			var w counting
			for b.Loop() {
				w.n = 0
				if _, err := s.sys.(glovebox.Collector).Collect(b.Context(), j.spec.ID, &w); err != nil {
					b.Fatal(err)
				}
			}
			if c.name != "nothing" {
				b.SetBytes(w.n)
			}
			j.destroy()
		})
	}
}

// counting counts what is written to it.
type counting struct{ n int64 }

func (c *counting) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return io.Discard.Write(p)
}
