package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

const (
	benchFew  = 1_000
	benchMany = 1_000_000
)

// BenchmarkLists shows that lists cost what their pages cost: the same list of
// one tenant's jobs in a store of a thousand jobs and in one of a million, by
// turns. ratio is that of the medians; one of 1 is flat.
//
//	go test ./store/sqlite -run '^$' -bench Lists -benchtime 1000x
func BenchmarkLists(b *testing.B) {
	few, many := seeded(b, benchFew), seeded(b, benchMany)
	b.Logf("filled in %s", b.Elapsed())
	label := func(k, v string) map[string]string { return map[string]string{k: v} }
	one := func(s glovebox.Status) []glovebox.Status { return []glovebox.Status{s} }
	for _, c := range []struct {
		name   string
		filter glovebox.JobFilter
	}{
		{"all", glovebox.JobFilter{}},
		{"status running", glovebox.JobFilter{Statuses: one(glovebox.StatusRunning)}},
		{"status archived", glovebox.JobFilter{Statuses: one(glovebox.StatusArchived)}},
		{"unfinished", glovebox.JobFilter{Unfinished: true}},
		{"common outcome", glovebox.JobFilter{Outcomes: one(glovebox.StatusCompleted)}},
		{"rare outcome", glovebox.JobFilter{Outcomes: one(glovebox.StatusFailed)}},
		{"both outcomes", glovebox.JobFilter{Outcomes: []glovebox.Status{glovebox.StatusFailed, glovebox.StatusCompleted}}},
		{"common label", glovebox.JobFilter{Labels: label("app", "web")}},
		{"rare label", glovebox.JobFilter{Labels: label("rare", "yes")}},
		{"common label, running", glovebox.JobFilter{Labels: label("app", "web"), Statuses: one(glovebox.StatusRunning)}},
		{"common label, rare outcome", glovebox.JobFilter{Labels: label("app", "web"), Outcomes: one(glovebox.StatusFailed)}},
		{"rare label, common outcome", glovebox.JobFilter{Labels: label("rare", "yes"), Outcomes: one(glovebox.StatusCompleted)}},
		{"common and rare label", glovebox.JobFilter{Labels: map[string]string{"app": "web", "rare": "yes"}}},
	} {
		c.filter.Tenant, c.filter.Limit = benchTenant(0), 10
		b.Run(c.name+", first page", func(b *testing.B) {
			sideBySide(b, few, many, c.filter, c.filter)
		})
		b.Run(c.name+", middle page", func(b *testing.B) {
			sideBySide(b, few, many, fromMiddle(b, few, c.filter, benchFew), fromMiddle(b, many, c.filter, benchMany))
		})
	}
}

// sideBySide reads a page of each store by turns.
func sideBySide(b *testing.B, few, many *Store, inFew, inMany glovebox.JobFilter) {
	read := func(s *Store, f glovebox.JobFilter) func() {
		return func() {
			page, err := s.ListJobs(ctx, f)
			if err != nil || len(page.Jobs) != f.Limit {
				b.Fatalf("%d jobs, %v", len(page.Jobs), err)
			}
		}
	}
	byTurns(b, read(few, inFew), read(many, inMany))
}

// byTurns measures the same thing of a store with little and of one with much.
func byTurns(b *testing.B, few, many func()) {
	took := [2][]time.Duration{}
	both := func() {
		for i, read := range []func(){few, many} {
			begin := time.Now()
			read()
			took[i] = append(took[i], time.Since(begin))
		}
	}
	for range 20 { // both are in memory then
		both()
	}
	took[0], took[1] = nil, nil
	for b.Loop() {
		both()
	}
	at := func(i, percent int) float64 {
		slices.Sort(took[i])
		return float64(took[i][len(took[i])*percent/100].Nanoseconds()) / 1000
	}
	b.ReportMetric(0, "ns/op") // of both together: nobody's figure
	b.ReportMetric(at(0, 50), "few-p50-µs")
	b.ReportMetric(at(0, 95), "few-p95-µs")
	b.ReportMetric(at(1, 50), "many-p50-µs")
	b.ReportMetric(at(1, 95), "many-p95-µs")
	b.ReportMetric(at(1, 50)/at(0, 50), "ratio")
}

// fromMiddle goes on in the middle of a list.
func fromMiddle(b *testing.B, s *Store, f glovebox.JobFilter, size int) glovebox.JobFilter {
	b.Helper()
	half := f
	half.Until, half.Limit = benchTime(size/2), 1
	page, err := s.ListJobs(ctx, half)
	if err != nil || page.Next == "" {
		b.Fatalf("no middle: %d jobs, %v", len(page.Jobs), err)
	}
	f.Cursor = page.Next
	return f
}

func benchTenant(n int) string   { return fmt.Sprintf("tenant-%d", n%4) }
func benchTime(n int) time.Time  { return time.Unix(1_700_000_000+int64(n), 0) }
func every(n, size, of int) bool { return n/4%(size/4/of) == 0 }
func benchPath(b *testing.B) string {
	dir, err := os.MkdirTemp(b.TempDir(), "lists")
	if err != nil {
		b.Fatal(err)
	}
	return filepath.Join(dir, "glovebox.db")
}

// seeded is a store of so many jobs of four tenants, by the thousand in one
// transaction. Whatever the size, each tenant has 25 that run and 50 each that
// failed or have a rare label, spread over all the time.
func seeded(b *testing.B, size int) *Store {
	b.Helper()
	s := openTest(b, benchPath(b))
	for begin := 0; begin < size; begin += 1000 {
		err := s.writer.do(ctx, glovebox.Lazy, func(t *statements) error {
			for n := begin; n < begin+1000; n++ {
				job, body, err := record.Job(benchJob(n, size))
				if err != nil {
					return err
				}
				if _, err := t.create(newRow(job, body), nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func benchJob(n, size int) glovebox.Job {
	job := newJob(fmt.Sprintf("j%020d", n)) // in order, or filling takes much longer
	job.Tenant, job.Owner, job.CreatedAt, job.Version = benchTenant(n), "person-0123456789abcdefghjk", benchTime(n), 4
	job.Spec = glovebox.Spec{
		Image: "docker.io/library/busybox:1.36", Cmd: []string{"sh", "-c", "make test && make package"},
		Env: map[string]string{"CI": "true", "LANG": "C.UTF-8"}, Limits: glovebox.DefaultLimits(),
		Labels: map[string]string{"app": "web"},
	}
	job.Status, job.Outcome = glovebox.StatusArchived, glovebox.StatusCompleted
	job.Result = &glovebox.Result{Duration: glovebox.Duration(time.Second)}
	job.Output = glovebox.Output{Stdout: 1234, Sealed: true}
	job.Ledger = []glovebox.Resource{{Job: job.ID, Kind: "sandbox", Name: job.ID + "-1", Attempt: 1, State: glovebox.ResourceGone}}
	if every(n+4, size, 50) {
		job.Spec.Labels["rare"] = "yes"
	}
	switch {
	case every(n, size, 25):
		job.Status, job.Outcome, job.Node = glovebox.StatusRunning, "", "n1"
	case every(n+8, size, 50):
		job.Outcome = glovebox.StatusFailed
	}
	return job
}
