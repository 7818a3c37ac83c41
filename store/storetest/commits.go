package storetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
)

// testCommitWhole: all writes and events, or none.
func testCommitWhole(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	commit(t, s, text("k", "there", "1", glovebox.IfAbsent))
	for n, bad := range []glovebox.Write{
		text("k", "there", "x", glovebox.IfAbsent), text("k", "absent", "x", 1), {Kind: "k", Key: "there", If: 7},
	} {
		for at := range 3 {
			writes := []glovebox.Write{text("k", "new", "1", glovebox.IfAbsent), text("other", "there", "1", glovebox.IfAny)}
			writes = append(writes[:min(at, 2):min(at, 2)], append([]glovebox.Write{bad}, writes[min(at, 2):]...)...)
			err := s.Commit(ctx, writes, newEvent(alice, "a"))
			wantKind(t, err, glovebox.KindStale, bad.Kind+"/"+bad.Key)
			noDocument(t, s, "k", "new")
			noDocument(t, s, "other", "there")
			equal(t, fmt.Sprint("untouched by ", n), document(t, s, "k", "there").Version, 1)
		}
	}
	equal(t, "events", chain(t, s, alice), []glovebox.AuditEvent{})
	writes := []glovebox.Write{
		text("k", "new", "1", glovebox.IfAbsent), {Kind: "k", Key: "there", If: 1}, text("other", "there", "1", glovebox.IfAny),
	}
	if err := s.Commit(ctx, writes, newEvent(alice, "a"), newEvent(bob, "b"), newEvent(alice, "c")); err != nil {
		t.Fatal(err)
	}
	document(t, s, "k", "new")
	document(t, s, "other", "there")
	noDocument(t, s, "k", "there")
	equal(t, "alice's events", actions(chain(t, s, alice)), []string{"a", "c"})
	equal(t, "bob's events", actions(chain(t, s, bob)), []string{"b"})
}

// testCommitRefused: what cannot be written, and what just can.
func testCommitRefused(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	large := make([]byte, 256<<10)
	for name, w := range map[string]glovebox.Write{
		"no kind": text("", "a", "v", 0), "capitals": text("K", "a", "v", 0), "dash": text("k-k", "a", "v", 0),
		"slash": text("k/", "a", "v", 0), "letters": text("é", "a", "v", 0), "no key": text("k", "", "v", 0),
		"long key": text("k", strings.Repeat("x", 513), "v", 0), "NUL": text("k", "a\x00", "v", 0),
		"not UTF-8": text("k", "a\xff", "v", 0), "version": text("k", "a", "v", -2),
		"expires late":  {Kind: "k", Key: "a", Value: large, Expires: time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)},
		"delete of bad": {Kind: "k", Key: "a\x00", If: glovebox.IfAny},
	} {
		err := s.Commit(ctx, []glovebox.Write{text("ok", "a", "v", glovebox.IfAny), w}, newEvent(alice, "a"))
		if glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != w.Kind+"/"+w.Key {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := []glovebox.Write{text("k", "a", "v", glovebox.IfAny), text("k", "b", "v", 0), {Kind: "k", Key: "a", If: glovebox.IfAny}}
	wantKind(t, s.Commit(ctx, twice), glovebox.KindInvalid, "k/a")
	tooLarge := glovebox.Write{Kind: "k", Key: "a", Value: append(large, 0)}
	wantKind(t, s.Commit(ctx, []glovebox.Write{tooLarge}), glovebox.KindTooLarge, "k/a")

	var many []glovebox.Write
	for n := range 50 {
		many = append(many, text("k", fmt.Sprint(n), "v", glovebox.IfAbsent))
	}
	wantKind(t, s.Commit(ctx, many, newEvent(alice, "a")), glovebox.KindTooLarge, "")
	noDocument(t, s, "ok", "a")
	noDocument(t, s, "k", "0")
	equal(t, "events", chain(t, s, alice), []glovebox.AuditEvent{})

	if err := s.Commit(ctx, many[1:], newEvent(alice, "a")); err != nil {
		t.Errorf("49 writes and an event: %v", err)
	}
	long := strings.Repeat("é", 256)
	commit(t, s, glovebox.Write{Kind: "a_0", Key: long, Value: large}, text("k", "a/b", "v", 0))
	equal(t, "long key and value", len(document(t, s, "a_0", long).Value), len(large))
}

// testCommitCopies: nothing is shared between the store and its callers.
func testCommitCopies(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	value, detail := []byte("value"), map[string]string{"a": "1"}
	e := newEvent(alice, "a")
	e.Detail = detail
	if err := s.Commit(ctx, []glovebox.Write{{Kind: "k", Key: "a", Value: value}}, e); err != nil {
		t.Fatal(err)
	}
	value[0], detail["a"] = 'X', "X"
	for range 2 {
		r := document(t, s, "k", "a")
		all, err := s.ListRecords(ctx, "k", "", "", 1)
		if err != nil {
			t.Fatal(err)
		}
		events := chain(t, s, alice)
		if !bytes.Equal(r.Value, []byte("value")) || !bytes.Equal(all[0].Value, []byte("value")) || events[0].Detail["a"] != "1" {
			t.Fatalf("shared: %s %s %v", r.Value, all[0].Value, events[0].Detail)
		}
		r.Value[0], all[0].Value[0], events[0].Detail["a"] = 'X', 'X', "X"
	}
}

// testTakeOnce: of many who take a challenge, by deleting the version they
// read, exactly one succeeds, and only its event is there.
func testTakeOnce(t *testing.T, s glovebox.Store) {
	const takers, rounds = 16, 8
	ctx := context.Background()
	for round := range rounds {
		key := fmt.Sprint("challenge-", round)
		commit(t, s, text("challenge", key, "secret", glovebox.IfAbsent))
		errs := make([]error, takers)
		var wg sync.WaitGroup
		for i := range takers {
			wg.Go(func() {
				r, err := s.Record(ctx, "challenge", key)
				if err == nil {
					take := glovebox.Write{Kind: r.Kind, Key: r.Key, If: r.Version}
					err = s.Commit(ctx, []glovebox.Write{take}, newEvent(alice, "take"))
				}
				errs[i] = err
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch glovebox.KindOf(err) {
			case "":
				won++
			case glovebox.KindStale, glovebox.KindNotFound:
			default:
				t.Errorf("take: %v", err)
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d took it", round, won)
		}
		noDocument(t, s, "challenge", key)
		if n := len(chain(t, s, alice)); n != round+1 {
			t.Fatalf("%d events after round %d", n, round)
		}
	}
}

// testSkew: two commits, each with the other's document as its condition, never
// both succeed.
func testSkew(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	for round := range 20 {
		a, b := fmt.Sprint("a", round), fmt.Sprint("b", round)
		var errs [2]error
		var wg sync.WaitGroup
		for i, names := range [][2]string{{a, b}, {b, a}} {
			wg.Go(func() {
				errs[i] = s.Commit(ctx, []glovebox.Write{
					{Kind: "k", Key: names[1], If: glovebox.IfAbsent}, text("k", names[0], "v", glovebox.IfAbsent),
				})
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
		}
	}
}
