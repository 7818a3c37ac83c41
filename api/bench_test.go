package api_test

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/store/sqlite"
)

// stored reads jobs from a store, as the orchestrator does.
type stored struct {
	api.Service
	store glovebox.Store
}

// Job implements api.Service.
func (s stored) Job(ctx context.Context, p glovebox.Principal, id string) (glovebox.Job, error) {
	return s.store.Job(ctx, p.Tenant, id)
}

// measured is a world over SQLite with a job for the operator and one for a
// person.
type measured struct {
	*world
	person        *person
	local, remote string
}

func newMeasured(b *testing.B) *measured {
	b.Helper()
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "store"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	m := &measured{}
	m.world = newWorldOver(b, store, func(c *api.Config) { c.Service, c.Rates = stored{c.Service, store}, unlimited })
	m.person = m.admin("acme")
	for tenant, id := range map[string]*string{glovebox.LocalTenant: &m.local, "acme": &m.remote} {
		spec, err := glovebox.Spec{Image: "busybox", Cmd: []string{"true"}}.Complete()
		if err != nil {
			b.Fatal(err)
		}
		job := glovebox.Job{ID: glovebox.NewID("j"), Tenant: tenant, Owner: "x", Spec: spec, Status: glovebox.StatusPending, CreatedAt: time.Now()}
		if job, _, err = store.CreateJob(b.Context(), job, nil); err != nil {
			b.Fatal(err)
		}
		*id = job.ID
	}
	return m
}

// unix makes a read over the socket, tcp one over TLS with token and proof.
func (m *measured) unix() *http.Request {
	r, _ := http.NewRequest("GET", "http://glovebox/v1/jobs/"+m.local, nil)
	return r
}

func (m *measured) tcp() *http.Request {
	return m.person.prove(m.request("GET", "/v1/jobs/"+m.remote, ""))
}

func read(b *testing.B, c *http.Client, r *http.Request) time.Duration {
	begin := time.Now()
	resp, err := c.Do(r)
	if err != nil {
		b.Error(err)
		return 0
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Errorf("%s %v %s", resp.Status, err, body)
	}
	return time.Since(begin)
}

// BenchmarkStatusRead compares reading a job's status over the unix socket with
// reading it over TLS with an access token and a proof of its key, turn by
// turn, on SQLite and real servers. What the caller's own signature costs is
// not counted.
func BenchmarkStatusRead(b *testing.B) {
	m := newMeasured(b)
	var unix, tcp []time.Duration
	for range 50 {
		read(b, m.http, m.unix())
		read(b, m.tls, m.tcp())
	}
	for b.Loop() {
		local, remote := m.unix(), m.tcp()
		unix = append(unix, read(b, m.http, local))
		tcp = append(tcp, read(b, m.tls, remote))
	}
	slices.Sort(unix)
	slices.Sort(tcp)
	at := func(all []time.Duration, p float64) float64 {
		return float64(all[int(p*float64(len(all)-1))].Nanoseconds()) / 1000
	}
	b.ReportMetric(at(unix, 0.5), "unix-p50-µs")
	b.ReportMetric(at(unix, 0.95), "unix-p95-µs")
	b.ReportMetric(at(tcp, 0.5), "dpop-p50-µs")
	b.ReportMetric(at(tcp, 0.95), "dpop-p95-µs")
	b.ReportMetric(at(tcp, 0.5)-at(unix, 0.5), "added-p50-µs")
	b.ReportMetric(at(tcp, 0.5)/at(unix, 0.5), "ratio-p50")
}

// BenchmarkStatusReadsOneCore is how many reads a second one core answers over
// TLS with token and proof, while it does the caller's part as well, but for
// the signatures, which are made before. Where other programs share the core,
// reads/cpu-s tells what it would answer alone.
func BenchmarkStatusReadsOneCore(b *testing.B) {
	m := newMeasured(b)
	requests := make(chan *http.Request, b.N)
	for range b.N {
		requests <- m.tcp()
	}
	close(requests)
	read(b, m.tls, m.tcp())
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b.ResetTimer()
	begin, before := time.Now(), spent()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for r := range requests {
				read(b, m.tls, r)
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "reads/s")
	b.ReportMetric(float64(b.N)/(spent()-before).Seconds(), "reads/cpu-s")
}

// spent is the processor time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // of ourselves, so it cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
