package storetest

import (
	"context"
	"time"

	"pgregory.net/rapid"

	"glovebox"
)

var (
	someKind   = rapid.SampledFrom([]string{"a", "b", "b", "a", "A"}) // the last one is refused
	someKey    = rapid.SampledFrom([]string{"x", "x/1", "x/2", "y", "é", ""})
	somePrefix = rapid.SampledFrom([]string{"", "x", "x/", "y", "z"})
	someAction = rapid.SampledFrom([]string{"open", "close", "open", "close", ""}) // likewise
)

func (m *model) drawEvents(t *rapid.T) []glovebox.AuditEvent {
	var events []glovebox.AuditEvent
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "events") {
		events = append(events, glovebox.AuditEvent{
			Tenant: someTenant.Draw(t, "tenant"), At: m.clock.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "at"))),
			Actor: rapid.StringN(0, 2, -1).Draw(t, "actor"), Action: someAction.Draw(t, "action"),
			Target: someID.Draw(t, "target"), Detail: someLabels.Draw(t, "detail"),
		})
	}
	return events
}

func (m *model) delete(t *rapid.T) {
	tenant, id := anyTenant.Draw(t, "tenant"), someID.Draw(t, "id")
	version := int64(rapid.IntRange(0, 3).Draw(t, "version"))
	if job, err := m.want.Job(context.Background(), glovebox.AnyTenant, id); err == nil && rapid.Bool().Draw(t, "right") {
		tenant, version = job.Tenant, job.Version
	}
	events := m.drawEvents(t)
	same(t, m, "delete", func(s glovebox.Store) (any, error) {
		return nil, s.DeleteJob(context.Background(), tenant, id, version, events...)
	})
}

func (m *model) commit(t *rapid.T) {
	var writes []glovebox.Write
	for range rapid.IntRange(0, 3).Draw(t, "writes") {
		w := glovebox.Write{Kind: someKind.Draw(t, "kind"), Key: someKey.Draw(t, "key"),
			If: rapid.Int64Range(-2, 3).Draw(t, "if")}
		if r, err := m.want.Record(context.Background(), w.Kind, w.Key); w.If != glovebox.IfAny && rapid.Bool().Draw(t, "right") {
			w.If = glovebox.IfAbsent
			if err == nil {
				w.If = r.Version
			}
		}
		if rapid.IntRange(0, 2).Draw(t, "delete") > 0 {
			w.Value = rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "value")
		}
		if rapid.Bool().Draw(t, "ends") {
			w.Expires = m.clock.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "expires")))
		}
		writes = append(writes, w)
	}
	events := m.drawEvents(t)
	same(t, m, "commit", func(s glovebox.Store) (any, error) {
		return nil, s.Commit(context.Background(), writes, events...)
	})
}

func (m *model) record(t *rapid.T) {
	kind, key := someKind.Draw(t, "kind"), someKey.Draw(t, "key")
	same(t, m, "record", func(s glovebox.Store) (glovebox.Record, error) {
		return s.Record(context.Background(), kind, key)
	})
}

func (m *model) records(t *rapid.T) {
	kind, prefix, after := someKind.Draw(t, "kind"), somePrefix.Draw(t, "prefix"), someKey.Draw(t, "after")
	limit := rapid.IntRange(0, 4).Draw(t, "limit")
	same(t, m, "records", func(s glovebox.Store) ([]glovebox.Record, error) {
		return s.ListRecords(context.Background(), kind, prefix, after, limit)
	})
}

func (m *model) purge(t *rapid.T) {
	now := m.clock.Add(time.Duration(rapid.IntRange(-6, 6).Draw(t, "now")))
	limit := rapid.IntRange(0, 4).Draw(t, "limit")
	same(t, m, "purge", func(s glovebox.Store) (int, error) {
		return s.PurgeRecords(context.Background(), now, limit)
	})
}

func (m *model) audit(t *rapid.T) {
	f := glovebox.AuditFilter{Tenant: anyTenant.Draw(t, "tenant"), Limit: rapid.IntRange(0, 4).Draw(t, "limit"),
		After: rapid.SampledFrom([]int64{0, 0, 1, 4}).Draw(t, "after")}
	if f.Tenant != glovebox.AnyTenant {
		f.Before = rapid.SampledFrom([]int64{0, 0, 2, 5}).Draw(t, "before")
		f.Newest = rapid.Bool().Draw(t, "newest")
	}
	if rapid.Bool().Draw(t, "by action") {
		f.Action = someAction.Draw(t, "action")
	}
	if rapid.Bool().Draw(t, "by target") {
		f.Target = someID.Draw(t, "target")
	}
	if rapid.Bool().Draw(t, "since") {
		f.Since = m.clock.Add(time.Duration(rapid.IntRange(-6, 2).Draw(t, "bound")))
	}
	same(t, m, "audit", func(s glovebox.Store) ([]glovebox.AuditEvent, error) {
		return s.AuditEvents(context.Background(), f)
	})
}

// compareRecords looks at all documents and events, which are the same in both
// stores to the last hash.
func (m *model) compareRecords(t *rapid.T) {
	for _, kind := range []string{"a", "b"} {
		same(t, m, "records", func(s glovebox.Store) ([]glovebox.Record, error) {
			return s.ListRecords(context.Background(), kind, "", "", 1000)
		})
	}
	for _, tenant := range []string{alice, bob, "carol"} {
		events := same(t, m, "audit", func(s glovebox.Store) ([]glovebox.AuditEvent, error) {
			return s.AuditEvents(context.Background(), glovebox.AuditFilter{Tenant: tenant, Limit: 1000})
		})
		if err := glovebox.VerifyChain(events); err != nil {
			t.Fatal(err)
		}
	}
}
