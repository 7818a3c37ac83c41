package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
)

// Benchmark measures what a job's life costs. Besides the mean it reports the
// median and the 99th percentile of a single call.
func Benchmark(b *testing.B, open func(b *testing.B) glovebox.Store) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("create/callers=%d", callers), func(b *testing.B) {
			s := open(b)
			measure(b, callers, func() error {
				_, _, err := s.CreateJob(context.Background(), typical(), nil)
				return err
			})
			closeStore(b, s)
		})
	}
	b.Run("create keyed/callers=64", func(b *testing.B) {
		s := open(b)
		measure(b, 64, func() error {
			job := typical()
			k := &glovebox.IdempotencyKey{Key: job.ID, Fingerprint: job.ID, Expires: job.CreatedAt.Add(time.Hour)}
			_, _, err := s.CreateJob(context.Background(), job, k)
			return err
		})
		closeStore(b, s)
	})
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("update durable/callers=%d", callers), func(b *testing.B) {
			benchUpdate(b, open(b), callers, glovebox.Durable)
		})
		b.Run(fmt.Sprintf("update lazy/callers=%d", callers), func(b *testing.B) {
			benchUpdate(b, open(b), callers, glovebox.Lazy)
		})
	}
	benchCommits(b, open)
	benchReads(b, open)
}

// benchUpdate has each caller move a job of its own on.
func benchUpdate(b *testing.B, s glovebox.Store, callers int, d glovebox.Durability) {
	idle := make(chan glovebox.Job, callers)
	for range callers {
		idle <- create(b, s, typical())
	}
	measure(b, callers, func() error {
		job := <-idle
		job, err := s.UpdateJob(context.Background(), job, d)
		idle <- job
		return err
	})
	closeStore(b, s)
}

func benchReads(b *testing.B, open func(b *testing.B) glovebox.Store) {
	s := open(b)
	var known []string
	for range 1000 {
		known = append(known, create(b, s, typical()).ID)
	}
	var n atomic.Int64
	for _, callers := range []int{1, 8} {
		b.Run(fmt.Sprintf("get/callers=%d", callers), func(b *testing.B) {
			measure(b, callers, func() error {
				_, err := s.Job(context.Background(), alice, known[int(n.Add(1))%len(known)])
				return err
			})
		})
	}
	b.Run("due, none", func(b *testing.B) {
		measure(b, 1, func() error {
			_, err := s.DueJobs(context.Background(), epoch, 100)
			return err
		})
	})
	b.Run("list of 100", func(b *testing.B) {
		measure(b, 1, func() error {
			_, err := s.ListJobs(context.Background(), glovebox.JobFilter{Tenant: alice})
			return err
		})
	})
	closeStore(b, s)
}

// typical is a job as people submit them.
func typical() glovebox.Job {
	job := newJob(alice)
	job.CreatedAt = time.Now()
	job.Due = job.CreatedAt.Add(time.Minute)
	job.Spec.Cmd = []string{"sh", "-c", "make test && make package"}
	job.Spec.Env = map[string]string{"CI": "true", "LANG": "C.UTF-8", "TOKEN": "0123456789abcdef0123456789abcdef"}
	job.Spec.Labels = map[string]string{"app": "web", "branch": "main"}
	job.Spec.Limits = glovebox.DefaultLimits()
	job.Image = glovebox.ImageRef{Name: "docker.io/library/busybox:1.36", Digest: "sha256:" + fmt.Sprintf("%064d", 1)}
	return job
}

func measure(b *testing.B, callers int, call func() error) {
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				begin := time.Now()
				if err := call(); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(begin)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func closeStore(b *testing.B, s glovebox.Store) {
	if err := s.Close(); err != nil {
		b.Error(err)
	}
}
