package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"glovebox"
)

func commit(t testing.TB, s glovebox.Records, writes ...glovebox.Write) {
	t.Helper()
	if err := s.Commit(context.Background(), writes); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

func document(t testing.TB, s glovebox.Records, kind, key string) glovebox.Record {
	t.Helper()
	r, err := s.Record(context.Background(), kind, key)
	if err != nil {
		t.Fatalf("document %s/%s: %v", kind, key, err)
	}
	return r
}

func noDocument(t testing.TB, s glovebox.Records, kind, key string) {
	t.Helper()
	_, err := s.Record(context.Background(), kind, key)
	wantKind(t, err, glovebox.KindNotFound, "")
}

func wantStale(t testing.TB, s glovebox.Records, w glovebox.Write) {
	t.Helper()
	wantKind(t, s.Commit(context.Background(), []glovebox.Write{w}), glovebox.KindStale, w.Kind+"/"+w.Key)
}

// text is a write that leaves a short text.
func text(kind, key, value string, when int64) glovebox.Write {
	return glovebox.Write{Kind: kind, Key: key, Value: []byte(value), If: when}
}

// testRecordLife: versions count from 1 with each life of a document, and
// conditions are about the version that is there.
func testRecordLife(t *testing.T, s glovebox.Store) {
	noDocument(t, s, "k", "a")
	for range 2 {
		for _, when := range []int64{1, 2} {
			wantStale(t, s, text("k", "a", "x", when))
			wantStale(t, s, glovebox.Write{Kind: "k", Key: "a", If: when})
		}
		commit(t, s, glovebox.Write{Kind: "k", Key: "a", If: glovebox.IfAbsent}) // a mere condition
		noDocument(t, s, "k", "a")
		commit(t, s, text("k", "a", "1", glovebox.IfAbsent))
		for _, when := range []int64{glovebox.IfAbsent, 2} {
			wantStale(t, s, text("k", "a", "x", when))
			wantStale(t, s, glovebox.Write{Kind: "k", Key: "a", If: when})
		}
		equal(t, "created", document(t, s, "k", "a"), glovebox.Record{Kind: "k", Key: "a", Version: 1, Value: []byte("1")})
		w := text("k", "a", "2", 1)
		w.Expires = epoch.In(time.FixedZone("", 3600))
		commit(t, s, w)
		equal(t, "replaced", document(t, s, "k", "a"),
			glovebox.Record{Kind: "k", Key: "a", Version: 2, Value: []byte("2"), Expires: epoch})
		commit(t, s, text("k", "a", "", glovebox.IfAny))
		equal(t, "emptied", document(t, s, "k", "a"), glovebox.Record{Kind: "k", Key: "a", Version: 3, Value: []byte{}})
		noDocument(t, s, "kk", "a")
		noDocument(t, s, "k", "A")
		commit(t, s, glovebox.Write{Kind: "k", Key: "a", If: 3})
		noDocument(t, s, "k", "a")
		commit(t, s, glovebox.Write{Kind: "k", Key: "a", If: glovebox.IfAny}) // absent is fine
	}
	commit(t, s, text("k", "a", "new", glovebox.IfAny))
	equal(t, "version of a new one", document(t, s, "k", "a").Version, 1)
	commit(t, s) // nothing
}

// testRecordLists: byte order, prefixes, places and limits.
func testRecordLists(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	keys := []string{"a", "a/1", "a/10", "a/2", "a/é", "a/\U0010ffff", "a/\U0010ffffz", "aa", "A", "b%", "b_", "b_1", "é", " ",
		"\x01", "'"}
	for _, k := range keys {
		commit(t, s, text("k", k, k, glovebox.IfAbsent), text("kk", k+"x", k, glovebox.IfAbsent))
	}
	slices.Sort(keys)
	for _, prefix := range []string{"", "a", "a/", "a/1", "b_", "b%", "\xc3", "a/\U0010ffff", "zz", "\x00"} {
		for _, after := range append([]string{"", "a/1x", "a0", "\xff"}, keys...) {
			var want []string
			for _, k := range keys {
				if len(k) >= len(prefix) && k[:len(prefix)] == prefix && k > after {
					want = append(want, k)
				}
			}
			for _, limit := range []int{1, 3, 1000} {
				got, err := s.ListRecords(ctx, "k", prefix, after, limit)
				if err != nil || got == nil {
					t.Fatalf("list: %#v, %v", got, err)
				}
				var names []string
				for _, r := range got {
					names = append(names, r.Key)
					equal(t, "listed", r, document(t, s, "k", r.Key))
				}
				equal(t, fmt.Sprintf("%d with prefix %q after %q", limit, prefix, after), names, want[:min(limit, len(want))])
			}
		}
	}
	for _, limit := range []int{-1, 0, 1001} {
		_, err := s.ListRecords(ctx, "k", "", "", limit)
		wantKind(t, err, glovebox.KindInvalid, "limit")
	}
}

// testPurge: what expired before an instant, the longest expired first, and
// nothing else. Reading does not look at it.
func testPurge(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	for key, expires := range map[string]time.Time{
		"never": {}, "now": epoch, "b": epoch.Add(-1), "a": epoch.Add(-1), "old": epoch.Add(-time.Hour), "later": epoch.Add(1),
	} {
		commit(t, s, glovebox.Write{Kind: "k", Key: key, Value: []byte("v"), Expires: expires})
	}
	for _, step := range []struct {
		limit, want int
		left        []string
	}{
		{-1, 0, []string{"a", "b", "later", "never", "now", "old"}},
		{0, 0, []string{"a", "b", "later", "never", "now", "old"}},
		{1, 1, []string{"a", "b", "later", "never", "now"}},
		{1, 1, []string{"b", "later", "never", "now"}},
		{9, 1, []string{"later", "never", "now"}},
		{9, 0, []string{"later", "never", "now"}},
	} {
		n, err := s.PurgeRecords(ctx, epoch.In(time.FixedZone("", 7200)), step.limit)
		if err != nil || n != step.want {
			t.Fatalf("purged %d, %v; want %d", n, err, step.want)
		}
		var left []string
		all, err := s.ListRecords(ctx, "k", "", "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			left = append(left, r.Key)
		}
		equal(t, "left", left, step.left)
	}
	commit(t, s, glovebox.Write{Kind: "k", Key: "now", Value: []byte("v"), If: 1}) // lives for ever now
	if n, err := s.PurgeRecords(ctx, epoch.Add(time.Hour), 9); err != nil || n != 1 {
		t.Fatalf("purged %d, %v; want 1", n, err)
	}
	document(t, s, "k", "now")
}
