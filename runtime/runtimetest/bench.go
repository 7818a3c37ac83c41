package runtimetest

import (
	"slices"
	"testing"
	"time"
)

// settle is how long a sandbox has been parked when it is claimed.
const settle = 100 * time.Millisecond

// Bench measures `echo hi` in one sandbox after the other, and reports the
// median of each part in milliseconds. With Node.Parked each sandbox is parked
// a moment before, which is a part of its own and not of the total.
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
		if n.Parked {
			j.spec.Parked = parkedID()
			if err := s.sys.(parker).Park(j.ctx, j.spec.Parked, generic); err != nil {
				b.Fatal(err)
			}
			lap("park")
			time.Sleep(settle)
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
		lap("start")
		j.ready()
		lap("first")
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
