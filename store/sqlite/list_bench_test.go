package sqlite

import (
	"fmt"
	"testing"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

// BenchmarkLists shows that lists cost what their pages cost, from a thousand
// jobs of one tenant to a million, of which a hundred are not archived.
func BenchmarkLists(b *testing.B) {
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		if testing.Short() && size > 100_000 {
			continue
		}
		s := openTest(b, tempPath(b))
		seed(b, s, size)
		middle, err := s.ListJobs(ctx, glovebox.JobFilter{Tenant: "alice", Limit: 20, Until: time.Unix(0, int64(size/2))})
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range []struct {
			name   string
			filter glovebox.JobFilter
		}{
			{"first page", glovebox.JobFilter{Tenant: "alice"}},
			{"middle page", glovebox.JobFilter{Tenant: "alice", Cursor: middle.Next}},
			{"unfinished", glovebox.JobFilter{Tenant: "alice", Unfinished: true}},
			{"node", glovebox.JobFilter{Tenant: glovebox.AnyTenant, Node: "n1", Unfinished: true}},
			{"rare label", glovebox.JobFilter{Tenant: "alice", Labels: map[string]string{"rare": "yes"}}},
			{"rare outcome", glovebox.JobFilter{Tenant: "alice", Outcomes: []glovebox.Status{glovebox.StatusFailed}}},
			{"two outcomes", glovebox.JobFilter{Tenant: "alice",
				Outcomes: []glovebox.Status{glovebox.StatusFailed, glovebox.StatusCompleted}}},
			{"all tenants", glovebox.JobFilter{Tenant: glovebox.AnyTenant}},
		} {
			c.filter.Limit = 20
			b.Run(fmt.Sprintf("jobs=%d/%s", size, c.name), func(b *testing.B) {
				for b.Loop() {
					page, err := s.ListJobs(ctx, c.filter)
					if err != nil || len(page.Jobs) != 20 {
						b.Fatal(len(page.Jobs), err)
					}
				}
			})
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// seed stores jobs by the thousand, in one transaction each.
func seed(b *testing.B, s *Store, size int) {
	b.Helper()
	for begin := 0; begin < size; begin += 1000 {
		err := s.writer.do(ctx, glovebox.Lazy, func(t *statements) error {
			for n := begin; n < begin+1000; n++ {
				job := newJob(fmt.Sprintf("job-%08d", n))
				job.CreatedAt, job.Status, job.Version = time.Unix(0, int64(n)), glovebox.StatusArchived, 1
				job.Outcome = glovebox.StatusCompleted
				if n%(size/100) == 0 {
					job.Status, job.Node = glovebox.StatusRunning, "n1"
					job.Outcome = ""
				}
				if n%(size/50) == 0 {
					job.Spec.Labels = map[string]string{"rare": "yes"}
					job.Outcome = glovebox.StatusFailed
				}
				job, body, err := record.Job(job)
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
}
