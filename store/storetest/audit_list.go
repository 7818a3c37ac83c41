package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"glovebox"
)

// testAuditFilters: each filter alone, and together, in order of the chain.
func testAuditFilters(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	for n := range 24 {
		e := newEvent([]string{alice, bob}[n%2], []string{"open", "close", "job.submit"}[n/2%3])
		e.Actor = []string{"", "ann", "Ann", "anna"}[n/2%4]
		e.Target = []string{"", "t%", "t1"}[n%3]
		e.At = epoch.Add(time.Duration(n*7%24) * time.Second) // not in the chain's order
		if err := s.Commit(ctx, nil, e); err != nil {
			t.Fatal(err)
		}
	}
	all := append(chain(t, s, alice), chain(t, s, bob)...)
	sec := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
	for _, f := range []glovebox.AuditFilter{
		{}, {Actor: "ann"}, {Action: "open"}, {Target: "t%"}, {Target: "t"}, {Actor: "ann", Action: "close"},
		{Actor: "anna", Action: "close", Target: "t1"}, {Since: sec(9)}, {Until: sec(9)},
		{Since: sec(9), Until: sec(15).In(time.FixedZone("", 3600))}, {Since: sec(9), Until: sec(9)}, {Action: "open", Since: sec(4)},
		{Since: time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		for _, f.Tenant = range []string{alice, bob, "nobody", glovebox.AnyTenant} {
			for _, f.After = range []int64{0, 1, 5, 12, 99, -1} {
				if f.Tenant == glovebox.AnyTenant && f.After != 0 {
					continue
				}
				for _, f.Limit = range []int{0, 1, 2, 1000} {
					for _, f := range placed(f) {
						got, err := s.AuditEvents(ctx, f)
						if err != nil {
							t.Fatal(err)
						}
						equal(t, fmt.Sprintf("%+v", f), got, expectEvents(all, f))
					}
				}
			}
		}
	}
}

// placed is a filter in both orders and with every bound that it can have.
func placed(f glovebox.AuditFilter) []glovebox.AuditFilter {
	all := []glovebox.AuditFilter{f}
	if f.Tenant == glovebox.AnyTenant {
		return all
	}
	for _, f.Before = range []int64{0, 1, 2, 7, 12, 13, 99} {
		for _, f.Newest = range []bool{false, true} {
			all = append(all, f)
		}
	}
	return all
}

// testAuditTail: pages from the newest event on, each before the last of the
// one before it, are the chain from its end, while more is written.
func testAuditTail(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	for range 23 {
		if err := s.Commit(ctx, nil, newEvent(alice, "a"), newEvent(bob, "b")); err != nil {
			t.Fatal(err)
		}
	}
	want := chain(t, s, alice)
	slices.Reverse(want)
	got := []glovebox.AuditEvent{}
	f := glovebox.AuditFilter{Tenant: alice, Newest: true, Limit: 5}
	for {
		page, err := s.AuditEvents(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if len(page) < f.Limit {
			break
		}
		f.Before = page[len(page)-1].Seq
		if err := s.Commit(ctx, nil, newEvent(alice, "later")); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "the chain from its end", got, want)
}

func expectEvents(all []glovebox.AuditEvent, f glovebox.AuditFilter) []glovebox.AuditEvent {
	want := []glovebox.AuditEvent{}
	for _, e := range all {
		ok := f.Tenant == glovebox.AnyTenant || f.Tenant == e.Tenant
		for _, p := range [][2]string{{f.Actor, e.Actor}, {f.Action, e.Action}, {f.Target, e.Target}} {
			ok = ok && (p[0] == "" || p[0] == p[1])
		}
		ok = ok && e.Seq > f.After && e.At.Compare(f.Since) >= 0 && (f.Until.IsZero() || e.At.Compare(f.Until) < 0)
		if ok && (f.Before == 0 || e.Seq < f.Before) {
			want = append(want, e)
		}
	}
	if f.Newest {
		slices.Reverse(want)
	}
	if f.Limit != 0 && len(want) > f.Limit {
		want = want[:f.Limit]
	}
	return want
}

func testAuditLimits(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	for field, f := range map[string]glovebox.AuditFilter{
		"tenant": {}, "limit": {Tenant: alice, Limit: 1001}, "after": {Tenant: glovebox.AnyTenant, After: 1},
		"before": {Tenant: glovebox.AnyTenant, Before: 1}, "newest": {Tenant: glovebox.AnyTenant, Newest: true},
	} {
		_, err := s.AuditEvents(ctx, f)
		wantKind(t, err, glovebox.KindInvalid, field)
	}
	_, err := s.AuditEvents(ctx, glovebox.AuditFilter{Tenant: alice, Limit: -1})
	wantKind(t, err, glovebox.KindInvalid, "limit")
	_, err = s.AuditEvents(ctx, glovebox.AuditFilter{Tenant: alice, Before: -1})
	wantKind(t, err, glovebox.KindInvalid, "before")
	for range 3 {
		events := make([]glovebox.AuditEvent, 50)
		for i := range events {
			events[i] = newEvent(alice, "a")
		}
		if err := s.Commit(ctx, nil, events...); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[int]int{0: 100, 1: 1, 150: 150, 1000: 150} {
		got, err := s.AuditEvents(ctx, glovebox.AuditFilter{Tenant: alice, Limit: limit})
		if err != nil || len(got) != want {
			t.Errorf("limit %d: %d events, %v; want %d", limit, len(got), err, want)
		}
	}
}
