package runtimetest

import (
	"slices"
	"testing"
	"time"
)

// Bench measures `echo hi` in one sandbox after the other, and reports the
// median of each part in milliseconds.
func Bench(b *testing.B, n Node) {
	s := suite{n: n, img: NewImage(b), sys: n.Open(b)}
	if err := s.sys.EnsureImage(b.Context(), s.img.Image, s.img.Fetch); err != nil {
		b.Fatal(err)
	}
	parts := map[string][]time.Duration{}
	for b.Loop() {
		j := s.newJob(b, s.spec("echo", "hi"), nil)
		at := time.Now()
		lap := func(part string) {
			parts[part] = append(parts[part], time.Since(at))
			at = time.Now()
		}
		begin := at
		if err := s.sys.Create(j.ctx, j.spec); err != nil {
			b.Fatal(err)
		}
		lap("create")
		if err := s.sys.Start(j.ctx, j.spec.ID); err != nil {
			b.Fatal(err)
		}
		j.ready()
		lap("start-first")
		parts["total-first"] = append(parts["total-first"], time.Since(begin))
		j.wait()
		lap("exit")
		j.destroy()
		lap("destroy")
	}
	for part, all := range parts {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, part+"-p50-ms")
		b.ReportMetric(float64(all[len(all)*95/100].Microseconds())/1000, part+"-p95-ms")
	}
	b.ReportMetric(0, "ns/op")
}
