package sqlite

import (
	"fmt"
	"testing"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

// BenchmarkAudit shows that the newest events cost the same in a log of a
// thousand and in one of a million, by turns, and so does any page before them.
//
//	go test ./store/sqlite -run '^$' -bench Audit -benchtime 1000x
func BenchmarkAudit(b *testing.B) {
	few, many := audited(b, benchFew), audited(b, benchMany)
	for _, c := range []struct {
		name   string
		filter glovebox.AuditFilter
	}{
		{"newest", glovebox.AuditFilter{}},
		{"newest of an actor", glovebox.AuditFilter{Actor: "person:1"}},
		{"newest of an action", glovebox.AuditFilter{Action: "job.submit"}},
		{"newest about a target", glovebox.AuditFilter{Target: "job-0"}},
	} {
		c.filter.Tenant, c.filter.Newest, c.filter.Limit = "acme", true, 10
		read := func(s *Store, before int) func() {
			f := c.filter
			f.Before = int64(before)
			return func() {
				if events, err := s.AuditEvents(ctx, f); err != nil || len(events) != f.Limit {
					b.Fatalf("%d events, %v", len(events), err)
				}
			}
		}
		b.Run(c.name, func(b *testing.B) { byTurns(b, read(few, 0), read(many, 0)) })
		b.Run(c.name+", middle page", func(b *testing.B) { byTurns(b, read(few, benchFew/2), read(many, benchMany/2)) })
	}
}

// audited is a store with a log of n events.
func audited(b *testing.B, n int) *Store {
	b.Helper()
	s := openTest(b, benchPath(b))
	for begin := 0; begin < n; begin += 1000 {
		err := s.writer.do(ctx, glovebox.Lazy, func(t *statements) error {
			for i := begin; i < begin+1000; i += 50 {
				events, err := record.Events(benchEvents(i, 50))
				if err != nil {
					return err
				}
				if err := t.append(events); err != nil {
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

func benchEvents(first, n int) []glovebox.AuditEvent {
	events := make([]glovebox.AuditEvent, n)
	for i := range events {
		at := first + i
		events[i] = glovebox.AuditEvent{Tenant: "acme", At: time.Unix(int64(at), 0), Actor: fmt.Sprint("person:", at%7),
			Action: []string{"job.submit", "session.open"}[at%2], Target: fmt.Sprint("job-", at%20), OK: true}
	}
	return events
}
