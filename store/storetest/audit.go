package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
)

func newEvent(tenant, action string) glovebox.AuditEvent {
	return glovebox.AuditEvent{Tenant: tenant, At: epoch, Actor: "uid:0", Action: action, OK: true}
}

// chain reads all events of a tenant, page by page, and verifies them.
func chain(t testing.TB, s glovebox.Audit, tenant string) []glovebox.AuditEvent {
	t.Helper()
	all := []glovebox.AuditEvent{}
	for {
		f := glovebox.AuditFilter{Tenant: tenant, After: int64(len(all)), Limit: 7}
		page, err := s.AuditEvents(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if len(page) < f.Limit {
			break
		}
	}
	if err := glovebox.VerifyChain(all); err != nil {
		t.Fatal(err)
	}
	if len(all) > 0 && all[0].Seq != 1 {
		t.Fatalf("the chain begins at %d", all[0].Seq)
	}
	return all
}

func actions(events []glovebox.AuditEvent) []string {
	all := []string{}
	for _, e := range events {
		all = append(all, e.Action)
	}
	return all
}

// testEvents: every field comes back; the place in the chain is the store's to
// give.
func testEvents(t *testing.T, s glovebox.Store) {
	var e glovebox.AuditEvent
	fill(&e)
	strange := glovebox.AuditEvent{Tenant: e.Tenant, At: epoch.In(time.FixedZone("", 3600)), Action: "<&>\u2028",
		Actor: "bad\xff", Target: "\x00", Detail: map[string]string{}}
	if err := s.Commit(context.Background(), nil, e, strange); err != nil {
		t.Fatal(err)
	}
	e.Seq, e.Prev = 1, ""
	e.Hash = e.Sum()
	strange.Seq, strange.Prev, strange.At, strange.Actor, strange.Detail = 2, e.Hash, epoch, "bad\ufffd", nil
	strange.Hash = strange.Sum()
	equal(t, "events", chain(t, s, e.Tenant), []glovebox.AuditEvent{e, strange})
}

func testEventsRefused(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	job := create(t, s, newJob(alice))
	archived := newJob(alice)
	archived.Status = glovebox.StatusArchived
	archived = create(t, s, archived)
	for field, spoil := range map[string]func(*glovebox.AuditEvent){
		"event.tenant": func(e *glovebox.AuditEvent) { e.Tenant = "" },
		"event.action": func(e *glovebox.AuditEvent) { e.Action = "" },
		"event.at":     func(e *glovebox.AuditEvent) { e.At = time.Time{} },
	} {
		bad := newEvent(alice, "a")
		spoil(&bad)
		for _, err := range eventWrites(ctx, s, job, archived, newEvent(alice, "b"), bad) {
			wantKind(t, err, glovebox.KindInvalid, field)
		}
	}
	every, late, large := newEvent(glovebox.AnyTenant, "a"), newEvent(alice, "a"), newEvent(alice, "a")
	late.At = time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)
	large.Detail = map[string]string{"x": strings.Repeat("x", 16<<10)}
	wantKind(t, s.Commit(ctx, nil, every), glovebox.KindInvalid, "event.tenant")
	wantKind(t, s.Commit(ctx, nil, late), glovebox.KindInvalid, "event.at")
	for _, err := range eventWrites(ctx, s, job, archived, large) {
		wantKind(t, err, glovebox.KindTooLarge, "")
	}
	for _, err := range eventWrites(ctx, s, job, archived, make([]glovebox.AuditEvent, 51)...) {
		wantKind(t, err, glovebox.KindTooLarge, "")
	}
	noDocument(t, s, "k", "a")
	absent(t, s, "job-fresh")
	equal(t, "the job", get(t, s, job.ID), job)
	equal(t, "the archived job", get(t, s, archived.ID), archived)
	equal(t, "events", chain(t, s, alice), []glovebox.AuditEvent{})
	large.Detail["x"] = strings.Repeat("x", 15<<10)
	if err := s.Commit(ctx, nil, large); err != nil {
		t.Error(err)
	}
}

// eventWrites has the errors of every write that takes events.
func eventWrites(ctx context.Context, s glovebox.Store, job, archived glovebox.Job, events ...glovebox.AuditEvent) []error {
	fresh := newJob(alice)
	fresh.ID = "job-fresh"
	_, _, err := s.CreateJob(ctx, fresh, nil, events...)
	_, err2 := s.UpdateJob(ctx, job, glovebox.Lazy, events...)
	return []error{err, err2, s.DeleteJob(ctx, alice, archived.ID, archived.Version, events...),
		s.Commit(ctx, []glovebox.Write{text("k", "a", "v", glovebox.IfAbsent)}, events...)}
}

// testJobEvents: a job's write takes its events with it, and one that has no
// effect leaves none.
func testJobEvents(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	job := newJob(alice)
	k := key("k", "f")
	job, _, err := s.CreateJob(ctx, job, k, newEvent(alice, "create"), newEvent(bob, "seen"))
	if err != nil {
		t.Fatal(err)
	}
	if _, fresh, err := s.CreateJob(ctx, newJob(alice), k, newEvent(alice, "replay")); err != nil || fresh {
		t.Fatalf("replay: fresh %v, %v", fresh, err)
	}
	_, _, err = s.CreateJob(ctx, job, nil, newEvent(alice, "conflict"))
	wantKind(t, err, glovebox.KindConflict, "")
	_, _, err = s.CreateJob(ctx, newJob(alice), key("k", "g"), newEvent(alice, "reused"))
	wantKind(t, err, glovebox.KindKeyReused, "")
	stale := job
	stale.Version++
	_, err = s.UpdateJob(ctx, stale, glovebox.Durable, newEvent(alice, "stale"))
	wantKind(t, err, glovebox.KindStale, "")
	for _, d := range []glovebox.Durability{glovebox.Durable, glovebox.Lazy} {
		if job, err = s.UpdateJob(ctx, job, d, newEvent(alice, fmt.Sprint("update ", d))); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "alice's", actions(chain(t, s, alice)), []string{"create", "update 0", "update 1"})
	equal(t, "bob's", actions(chain(t, s, bob)), []string{"seen"})
}

// testChains: writers of every sort at once leave one gapless chain for each
// tenant, with all that was acknowledged.
func testChains(t *testing.T, s glovebox.Store) {
	const writers, each = 12, 10
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range each {
				action := fmt.Sprintf("%d/%02d", i, n)
				mine, theirs := newEvent(alice, action), newEvent(bob, action)
				var err error
				switch i % 3 {
				case 0:
					_, _, err = s.CreateJob(ctx, newJob(alice), nil, mine, theirs)
				case 1:
					err = s.Commit(ctx, []glovebox.Write{text("k", action, "v", glovebox.IfAbsent)}, theirs, mine)
					if refused := s.Commit(ctx, []glovebox.Write{text("k", action, "v", 7)}, mine); refused == nil {
						t.Error("a condition was not looked at")
					}
				case 2:
					err = s.Commit(ctx, nil, mine, theirs)
				}
				if err != nil {
					t.Errorf("%s: %v", action, err)
				}
			}
		})
	}
	wg.Wait()
	for _, tenant := range []string{alice, bob} {
		events := chain(t, s, tenant)
		if len(events) != writers*each {
			t.Errorf("%s has %d events, want %d", tenant, len(events), writers*each)
		}
		last := map[string]string{}
		for _, e := range events {
			writer, _, _ := strings.Cut(e.Action, "/")
			if e.Action <= last[writer] {
				t.Errorf("%s after %s", e.Action, last[writer])
			}
			last[writer] = e.Action
		}
	}
}
