package glovebox_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"glovebox"
)

func events(tenant string, n int) []glovebox.AuditEvent {
	var all []glovebox.AuditEvent
	prev := ""
	for seq := range n {
		e := glovebox.AuditEvent{
			Tenant: tenant, Seq: int64(seq + 1), At: time.Unix(int64(seq), 7), Actor: "ann", Action: "open",
			Target: fmt.Sprint("t", seq), Kind: glovebox.KindDenied, Detail: map[string]string{"a": "1"}, Prev: prev,
		}
		e.Hash = e.Sum()
		prev = e.Hash
		all = append(all, e)
	}
	return all
}

// TestVerifyChain: whole chains and whole parts of them are fine.
func TestVerifyChain(t *testing.T) {
	all := events("alice", 7)
	for from := range all {
		for to := from; to <= len(all); to++ {
			if err := glovebox.VerifyChain(all[from:to]); err != nil {
				t.Errorf("events %d to %d: %v", from, to, err)
			}
		}
	}
	elsewhere := slices.Clone(all)
	elsewhere[2].At = elsewhere[2].At.In(time.FixedZone("", 3600)) // the same instant
	if err := glovebox.VerifyChain(elsewhere); err != nil {
		t.Error(err)
	}
}

// TestVerifyChainFinds: every way to change a chain shows, at the first event
// that is not what it was or where it was.
func TestVerifyChainFinds(t *testing.T) {
	change := func(f func(*glovebox.AuditEvent)) func([]glovebox.AuditEvent) []glovebox.AuditEvent {
		return func(all []glovebox.AuditEvent) []glovebox.AuditEvent { f(&all[3]); return all }
	}
	rehashed := func(f func(*glovebox.AuditEvent)) func([]glovebox.AuditEvent) []glovebox.AuditEvent {
		return change(func(e *glovebox.AuditEvent) { f(e); e.Hash = e.Sum() })
	}
	type chain = []glovebox.AuditEvent
	for _, c := range []struct {
		name   string
		at     int // index of the event that the error names
		mutate func(chain) chain
	}{
		{"tenant", 3, change(func(e *glovebox.AuditEvent) { e.Tenant = "bob" })},
		{"seq", 3, change(func(e *glovebox.AuditEvent) { e.Seq = 9 })},
		{"at", 3, change(func(e *glovebox.AuditEvent) { e.At = e.At.Add(1) })},
		{"at without a JSON form", 3, change(func(e *glovebox.AuditEvent) { e.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) })},
		{"actor", 3, change(func(e *glovebox.AuditEvent) { e.Actor = "bob" })},
		{"action", 3, change(func(e *glovebox.AuditEvent) { e.Action = "close" })},
		{"target", 3, change(func(e *glovebox.AuditEvent) { e.Target = "" })},
		{"ok", 3, change(func(e *glovebox.AuditEvent) { e.OK = true })},
		{"kind", 3, change(func(e *glovebox.AuditEvent) { e.Kind = "" })},
		{"detail", 3, change(func(e *glovebox.AuditEvent) { e.Detail = map[string]string{"a": "2"} })},
		{"detail removed", 3, change(func(e *glovebox.AuditEvent) { e.Detail = nil })},
		{"prev", 3, change(func(e *glovebox.AuditEvent) { e.Prev = "" })},
		{"hash", 3, change(func(e *glovebox.AuditEvent) { e.Hash = e.Prev })},
		{"no hash", 3, change(func(e *glovebox.AuditEvent) { e.Hash = "" })},
		{"changed and hashed again", 4, rehashed(func(e *glovebox.AuditEvent) { e.Actor = "bob" })},
		{"tenant, hashed again", 3, rehashed(func(e *glovebox.AuditEvent) { e.Tenant = "bob" })},
		{"seq, hashed again", 3, rehashed(func(e *glovebox.AuditEvent) { e.Seq = 9 })},
		{"prev, hashed again", 3, rehashed(func(e *glovebox.AuditEvent) { e.Prev = e.Hash })},
		{"begun again in the middle", 3, rehashed(func(e *glovebox.AuditEvent) { e.Seq, e.Prev = 1, "" })},
		{"removed", 3, func(all chain) chain { return slices.Delete(all, 3, 4) }},
		{"several removed", 2, func(all chain) chain { return slices.Delete(all, 2, 5) }},
		{"swapped", 3, func(all chain) chain { all[3], all[4] = all[4], all[3]; return all }},
		{"ends swapped", 1, func(all chain) chain { all[0], all[6] = all[6], all[0]; return all }},
		{"twice", 4, func(all chain) chain { return slices.Insert(all, 4, all[3]) }},
		{"inserted", 5, func(all chain) chain {
			e := all[3]
			e.Seq, e.Prev, e.Actor = 5, e.Hash, "bob"
			e.Hash = e.Sum() // follows the one before; the next one tells
			return slices.Insert(all, 4, e)
		}},
		{"inserted from another chain", 3, func(all chain) chain { return slices.Insert(all, 3, events("bob", 7)[3]) }},
		{"another chain behind", 7, func(all chain) chain { return append(all, events("bob", 2)...) }},
		{"first has no place", 0, func(all chain) chain { all[0].Seq = 0; all[0].Hash = all[0].Sum(); return all }},
		{"first is not the first", 0, func(all chain) chain { all[0].Seq = 2; all[0].Hash = all[0].Sum(); return all }},
		{"first follows something", 0, func(all chain) chain { all[0].Prev = all[1].Hash; all[0].Hash = all[0].Sum(); return all }},
	} {
		err := glovebox.VerifyChain(c.mutate(events("alice", 7)))
		if want := fmt.Sprintf("events[%d]", c.at); err == nil || glovebox.AsError(err).Field != want {
			t.Errorf("%s: %v, want an error on %s", c.name, err, want)
		}
	}
}
