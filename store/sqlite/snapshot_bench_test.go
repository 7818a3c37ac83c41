package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
)

// BenchmarkSnapshot is what a submit waits for while a backup copies a store of
// 100,000 jobs, and while none does. One caller after the other, so that it shows
// the wait and not how many share a sync.
func BenchmarkSnapshot(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store.db")
	s := openTest(b, path)
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for n := range 100_000 / 64 {
				if _, _, err := s.CreateJob(ctx, ordinary(fmt.Sprintf("old-%d-%d", w, n)), nil); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, copying := range []bool{false, true} {
		b.Run(fmt.Sprintf("copying=%v", copying), func(b *testing.B) {
			stop := make(chan struct{})
			var copies atomic.Int64
			var copied sync.WaitGroup
			began := time.Now()
			if copying {
				copied.Go(func() {
					for ; ; copies.Add(1) {
						select {
						case <-stop:
							return
						default:
						}
						to := filepath.Join(b.TempDir(), fmt.Sprintf("copy-%d.db", copies.Load()))
						if _, err := Snapshot(ctx, path, to); err != nil {
							b.Error(err)
							return
						}
						_ = os.Remove(to)
					}
				})
			}
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				at := time.Now()
				if _, _, err := s.CreateJob(ctx, ordinary(fmt.Sprintf("new-%v-%d-%d", copying, b.N, n)), nil, event("job.submit")); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(at))
			}
			close(stop)
			copied.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
			if n := copies.Load(); n > 0 {
				b.ReportMetric(time.Since(began).Seconds()/float64(n), "s/copy")
			}
		})
	}
}

// ordinary is a job of the usual size.
func ordinary(id string) glovebox.Job {
	job := newJob(id)
	job.Spec.Image, job.Spec.Cmd = "docker.io/library/busybox:1.36", []string{"sh", "-c", "echo hello; exit 0"}
	job.Spec.Labels = map[string]string{"app": "web"}
	return job
}
