package orchestrator_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/folder"
	"glovebox/orchestrator"
	"glovebox/provider/fake"
	"glovebox/receipt"
	"glovebox/store/sqlite"
)

// BenchmarkLives takes jobs from their submit to their archiving, over the real
// store on the real disk, without receipts and with them. It tells jobs a second,
// processor time a job, and how long a submit takes while they come all at once.
func BenchmarkLives(b *testing.B) {
	for _, name := range []string{"without", "with"} {
		b.Run(name, func(b *testing.B) { lives(b, name == "with") })
	}
}

func lives(b *testing.B, receipts bool) {
	dir := b.TempDir()
	store, err := sqlite.Open(b.Context(), filepath.Join(dir, "store.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	blobs, err := folder.Open(filepath.Join(dir, "blobs"))
	if err != nil {
		b.Fatal(err)
	}
	defer blobs.Close()
	keys, err := receipt.OpenKeys(filepath.Join(dir, "keys"))
	if err != nil {
		b.Fatal(err)
	}
	out, node := &logs{stdout: map[string]int64{}, text: map[string][]byte{}, stdin: map[string]string{}, sealed: map[string]bool{}}, fake.New(1<<20)
	node.Ship = out.ship
	config := orchestrator.Config{
		Store: store, Provider: node, Images: &shelf{fetched: map[string]bool{}}, Output: out, Log: slog.New(slog.DiscardHandler), Holder: "a",
		MaxQueued: 1 << 30, Tenants: oneTenant{roomy()},
	}
	if receipts {
		config.Receipts = &receipt.Issuer{Keys: keys, Blobs: blobs, Source: out}
	}
	o := orchestrator.New(config)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx, func() { node.Open(o) }) }()
	defer func() { cancel(); <-ended }()

	b.ResetTimer()
	began, used := time.Now(), processorTime()
	var submits time.Duration
	var mu sync.Mutex
	var all sync.WaitGroup
	turns := make(chan struct{}, 64)
	for range b.N {
		turns <- struct{}{}
		all.Go(func() {
			at := time.Now()
			job, _, err := o.Submit(ctx, me, glovebox.Spec{Image: "here", Cmd: []string{"echo", "hi"}}, nil)
			took := time.Since(at)
			<-turns
			mu.Lock()
			submits += took
			mu.Unlock()
			for v := int64(0); err == nil && job.Status != glovebox.StatusArchived; v = job.Version {
				job, err = o.Watch(ctx, me, job.ID, v)
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	n := float64(b.N)
	b.ReportMetric(n/time.Since(began).Seconds(), "jobs/s")
	b.ReportMetric((processorTime()-used).Seconds()*1e3/n, "cpu-ms/job")
	b.ReportMetric(submits.Seconds()*1e3/n, "submit-ms")
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
