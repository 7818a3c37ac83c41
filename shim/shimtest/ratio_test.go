package shimtest

import (
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
)

// TestRatios is the net under the benchmarks: side by side with a bare "runsc
// run" on the same machine in the same minute, a cold sandbox and a parked one
// have to their first byte what they promise, with room for a busy machine.
// What is measured on a quiet one is a third of these and less.
func TestRatios(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	const (
		rounds     = 12
		coldBound  = 1.1
		claimBound = 0.3
	)
	s := StartShim(t)
	var bare, cold, claim Samples
	for range rounds {
		first, _ := s.MeasureBare(t)
		bare.Add(first)

		k := s.NewTask(t, BenchJob)
		began := time.Now()
		k.Create(t)
		k.Start(t)
		k.Wait(t)
		k.Stdout.Bytes()
		cold.Add(k.Stdout.FirstAt.Sub(began))
		k.Delete(t)

		k = s.NewTask(t, BenchJob)
		must(t, k.Park(t.Context()))
		out, err := openOutput(k.Pipe("stdout"))
		must(t, err)
		time.Sleep(50 * time.Millisecond)
		began = time.Now()
		must(t, k.Claim(t.Context(), &api.CreateTaskRequest{Stdout: k.Pipe("stdout")}))
		go out.collect()
		k.Start(t)
		k.Wait(t)
		out.Bytes()
		claim.Add(out.FirstAt.Sub(began))
		k.Delete(t)
	}
	for _, c := range []struct {
		name  string
		of    *Samples
		bound float64
	}{{"cold", &cold, coldBound}, {"parked", &claim, claimBound}} {
		ratio := float64(c.of.Quantile(0.5)) / float64(bare.Quantile(0.5))
		t.Logf("%s: %v to bare %v at the median of %d: %.3f", c.name, c.of.Quantile(0.5), bare.Quantile(0.5), rounds, ratio)
		if ratio > c.bound {
			t.Errorf("%s takes %.2f times what runsc takes, more than %.2f", c.name, ratio, c.bound)
		}
	}
}
