package launch_test

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"glovebox/shim/ticket"
)

// BenchmarkLaunch measures what a sandbox costs until its first program runs,
// launched by gVisor itself and from here, turn and turn about so that both see
// the same machine. The processor time is that of the sandbox's control group
// from birth to death; the launcher's first millisecond is before it.
func BenchmarkLaunch(b *testing.B) {
	image := pauseImage(b)
	var cpu, wall [2][]float64
	for b.Loop() {
		for i, stock := range []bool{true, false} {
			began := time.Now()
			s, err := boot(b, image, func(n *ticket.Ticket) { n.Stock = stock })
			took := time.Since(began)
			if err == nil {
				_ = unix.Kill(s.pid(), unix.SIGKILL)
				err = s.c.Destroy()
				s.c = nil
			}
			used, err2 := s.group.Counters()
			s.end(b)
			must(b, err)
			must(b, err2)
			cpu[i] = append(cpu[i], float64(used.CPU)/1e6)
			wall[i] = append(wall[i], float64(took.Microseconds())/1e3)
		}
	}
	for i, name := range []string{"stock", "ours"} {
		b.ReportMetric(quantile(cpu[i], 50), name+"-cpu-ms")
		b.ReportMetric(quantile(wall[i], 50), name+"-p50-ms")
		b.ReportMetric(quantile(wall[i], 95), name+"-p95-ms")
	}
	b.ReportMetric(quantile(cpu[1], 50)/quantile(cpu[0], 50), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}

func quantile(all []float64, percent int) float64 {
	slices.Sort(all)
	return all[min(len(all)*percent/100, len(all)-1)]
}
