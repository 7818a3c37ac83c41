package orchestrator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/folder"
	"glovebox/orchestrator"
	"glovebox/output"
	"glovebox/provider/fake"
	"glovebox/store/sqlite"
)

// The real store on the real disk, with its syncs. What a job's acceptance is
// worth is that it is there afterwards.

// callers submit at one time.
const callers = 64

// counter is an orchestrator over a store with jobs in it. Its node does not call,
// so jobs are accepted and wait.
type counter struct {
	*orchestrator.Orchestrator
	store *sqlite.Store
	stop  func()
}

// openCounter begins to serve over a store, and says how long that took.
func openCounter(t testing.TB, path string, out orchestrator.Output) (*counter, time.Duration) {
	t.Helper()
	began := time.Now()
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	o := orchestrator.New(orchestrator.Config{
		Store: s, Provider: fake.New(1 << 20), Images: &shelf{fetched: map[string]bool{}}, Output: out,
		Log: slog.New(slog.DiscardHandler), Holder: "a", MaxQueued: 1 << 30, Tenants: oneTenant{roomy()},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- o.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	took := time.Since(began)
	d := &counter{Orchestrator: o, store: s}
	d.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.stop)
	return d, took
}

func roomy() glovebox.Tenant {
	t := glovebox.DefaultTenant(me.Tenant)
	t.Quota.QueuedJobs, t.Quota.ConcurrentJobs = 1_000_000, 1_000_000
	return t
}

// newLogs is what remembers nothing but what tests ask for.
func newLogs() *logs {
	return &logs{stdout: map[string]int64{}, stdin: map[string]string{}, sealed: map[string]bool{}}
}

// submits has so many jobs accepted and returns how many a second that were.
func (d *counter) submits(t testing.TB, n int) float64 {
	t.Helper()
	spec := glovebox.Spec{Image: "here", Cmd: []string{"sh", "-c", "make test && make package"}, Env: map[string]string{"CI": "true"},
		Labels: map[string]string{"app": "web"}}
	began := time.Now()
	inParallel(n, func(int) {
		if _, _, err := d.Submit(context.Background(), me, spec, nil); err != nil {
			t.Error(err)
		}
	})
	return float64(n) / time.Since(began).Seconds()
}

func inParallel(n int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	all.Wait()
}

// storeOf is the path of a store on disk with jobs that make returns. It is
// filled in memory, where syncs cost nothing.
func storeOf(t testing.TB, n int, make func(i int) glovebox.Job) string {
	t.Helper()
	fast, err := os.MkdirTemp("/dev/shm", "gbfill")
	if err != nil {
		fast = t.TempDir()
	}
	defer os.RemoveAll(fast)
	path := filepath.Join(fast, "glovebox.db")
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range 4 * callers { // the more come together, the fewer syncs
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if _, _, err := s.CreateJob(context.Background(), make(int(i)), nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	slow := filepath.Join(t.TempDir(), "glovebox.db")
	if err := copyFile(slow, path); err != nil {
		t.Fatal(err)
	}
	return slow
}

func copyFile(to, from string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Sync(), w.Close())
}

// archivedJob is one of many, kept until due.
func archivedJob(i int, due time.Time) glovebox.Job {
	at := time.Now().Add(-24*time.Hour + time.Duration(i)*time.Millisecond)
	id := glovebox.NewID("j")
	return glovebox.Job{
		ID: id, Tenant: me.Tenant, Owner: me.Name, Status: glovebox.StatusArchived, Outcome: glovebox.StatusCompleted, Attempt: 1, Node: "n1",
		Spec:   glovebox.Spec{Image: "here", Cmd: []string{"sh", "-c", "make test && make package"}, Limits: glovebox.DefaultLimits(), Labels: map[string]string{"app": "web"}},
		Output: glovebox.Output{Stdout: 1234, Sealed: true}, Result: &glovebox.Result{Duration: glovebox.Duration(time.Second)},
		Ledger:    []glovebox.Resource{{Job: id, Kind: fake.Kind, Name: glovebox.SandboxID(id, 1), Node: "n1", Attempt: 1, State: glovebox.ResourceGone}},
		CreatedAt: at, ArchivedAt: at, Due: due,
	}
}

// TestSubmitsAreFlat: accepting a job costs the same in a store of many jobs as
// in one of few. Both are measured by turns, so that what else the machine does
// meets both.
func TestSubmitsAreFlat(t *testing.T) {
	notUnderRace(t)
	const few, many, rounds, batch, most = 1_000, 20_000, 11, 200, 1.5
	later := func(i int) glovebox.Job { return archivedJob(i, time.Now().Add(time.Hour)) }
	small, _ := openCounter(t, storeOf(t, few, later), newLogs())
	large, _ := openCounter(t, storeOf(t, many, later), newLogs())
	small.submits(t, batch)
	large.submits(t, batch)
	var inFew, inMany []float64
	for range rounds {
		inFew, inMany = append(inFew, small.submits(t, batch)), append(inMany, large.submits(t, batch))
	}
	a, b := median(inFew), median(inMany)
	t.Logf("accepted a second: %.0f with %d jobs, %.0f with %d", a, few, b, many)
	if a/b > most {
		t.Errorf("with %d jobs it is %.2f times as slow, more than %.1f", many, a/b, most)
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// TestRecoveryOf10000: with 10,000 unfinished jobs in the store, among more that
// are archived, a new process serves again within the time that is promised.
func TestRecoveryOf10000(t *testing.T) {
	notUnderRace(t)
	const promised = 5 * time.Second
	d, took := openCounter(t, storeOf(t, 30_000, mixed), newLogs())
	t.Logf("serving after %s", took)
	if took > promised {
		t.Errorf("it took %s", took)
	}
	if n, w := d.Running(), d.Waiting(); n != 5_000 || w != 5_000 {
		t.Errorf("%d have room and %d wait, want 5000 of each", n, w)
	}
}

// mixed is a third unfinished: half of these wait, the others run or start.
func mixed(i int) glovebox.Job {
	job := archivedJob(i, time.Now().Add(time.Hour))
	if i%3 != 0 {
		return job
	}
	job.Outcome, job.Result, job.Output, job.ArchivedAt, job.Due = "", nil, glovebox.Output{}, time.Time{}, time.Now().Add(time.Hour)
	job.Image = glovebox.ImageRef{Name: "here", Digest: "sha256:here"}
	job.Command = glovebox.Command{Args: []string{"never"}}
	job.Spec.Runtime, job.Spec.Attempts = glovebox.RuntimeGVisor, 1
	switch {
	case i%2 == 0:
		job.Status, job.Attempt, job.Node, job.Ledger = glovebox.StatusPending, 0, "", nil
	case i%4 == 1:
		job.Status, job.PlacedAt, job.StartedAt, job.Ledger[0].State = glovebox.StatusRunning, job.CreatedAt, job.CreatedAt, glovebox.ResourceObserved
	default:
		job.Status, job.PlacedAt, job.Ledger[0].State = glovebox.StatusProvisioning, time.Now(), glovebox.ResourceIntent
	}
	return job
}

// BenchmarkSubmits measures accepted, durable submits a second, by 64 callers,
// with so many jobs in the store.
//
//	go test ./orchestrator -run '^$' -bench 'Submits$' -benchtime 5000x
func BenchmarkSubmits(b *testing.B) {
	for _, stored := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint("stored=", stored), func(b *testing.B) {
			later := time.Now().Add(24 * time.Hour)
			d, took := openCounter(b, storeOf(b, stored, func(i int) glovebox.Job { return archivedJob(i, later) }), newLogs())
			b.ResetTimer()
			b.ReportMetric(d.submits(b, b.N), "submits/s")
			b.ReportMetric(float64(took.Milliseconds()), "start-ms")
			b.ReportMetric(0, "ns/op")
			d.stop()
		})
	}
}

// BenchmarkSubmitsWhileForgetting measures the same with 100,000 jobs and their
// output, in files, of which none is due, or all are; and how many of these are
// forgotten a second meanwhile.
//
//	go test ./orchestrator -run '^$' -bench WhileForgetting -benchtime 20000x
func BenchmarkSubmitsWhileForgetting(b *testing.B) {
	const stored = 100_000
	for name, due := range map[string]time.Time{"due=none": time.Now().Add(24 * time.Hour), "due=all": time.Now().Add(-time.Hour)} {
		b.Run(name, func(b *testing.B) {
			blobs, err := folder.Open(filepath.Join(b.TempDir(), "blobs"))
			if err != nil {
				b.Fatal(err)
			}
			defer blobs.Close()
			out := filed{newLogs(), output.New(blobs)}
			path := storeOf(b, stored, func(i int) glovebox.Job {
				job := archivedJob(i, due)
				for _, s := range []output.Stream{output.Stdout, output.Stderr} {
					if _, err := out.files.Append(context.Background(), job.ID, 1, s, 0, make([]byte, 1234)); err != nil {
						b.Error(err)
					}
				}
				return job
			})
			d, _ := openCounter(b, path, out)
			b.ResetTimer()
			began := time.Now()
			rate := d.submits(b, b.N)
			took := time.Since(began)
			b.StopTimer()
			left, err := d.store.ExpiredJobs(context.Background(), time.Now(), 2*stored)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(rate, "submits/s")
			if due.Before(time.Now()) {
				b.ReportMetric(float64(stored-len(left))/took.Seconds(), "forgotten/s")
			}
			b.ReportMetric(0, "ns/op")
			d.stop()
		})
	}
}

// filed are logs of which output is in files.
type filed struct {
	*logs
	files *output.Logs
}

func (f filed) Forget(ctx context.Context, job string) error { return f.files.Forget(ctx, job) }

// notUnderRace leaves what measures to a run without the race detector, which
// `make test` has for it.
func notUnderRace(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("skipped: it measures, and the race detector is on; the suite \"plain\" of `make test` runs it")
	}
}
