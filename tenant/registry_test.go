package tenant_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/store/memory"
	"glovebox/tenant"
)

var (
	ctx   = context.Background()
	admin = glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}
)

// counting counts the reads of documents.
type counting struct {
	glovebox.Records
	mu    sync.Mutex
	reads int
}

func (c *counting) Record(ctx context.Context, kind, key string) (glovebox.Record, error) {
	c.mu.Lock()
	c.reads++
	c.mu.Unlock()
	return c.Records.Record(ctx, kind, key)
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func wantKind(t *testing.T, err error, kind glovebox.Kind, field string) {
	t.Helper()
	if e := glovebox.AsError(err); err == nil || e.Kind != kind || e.Field != field {
		t.Errorf("got %v, want %s on %q", err, kind, field)
	}
}

// TestDefaults: who has no document can work, and only the local tenant is
// there to be read.
func TestDefaults(t *testing.T) {
	r := tenant.Open(memory.New(), nil)
	for _, id := range []string{"local", "acme"} {
		got, err := r.Tenant(ctx, id)
		if err != nil || !reflect.DeepEqual(got, glovebox.DefaultTenant(id)) {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	if got, version, err := r.Get(ctx, "local"); err != nil || version != 0 || got.ID != "local" {
		t.Errorf("local: %+v at %d, %v", got, version, err)
	}
	_, _, err := r.Get(ctx, "acme")
	wantKind(t, err, glovebox.KindNotFound, "")
	if all, err := r.List(ctx, "", 10); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestPut: documents change only from the version that was seen, and the log
// has each change with what it was.
func TestPut(t *testing.T) {
	store, c := memory.New(), newClock()
	r := tenant.Open(store, c.now)
	made, version, err := r.Put(ctx, admin, glovebox.Tenant{ID: "acme", Name: "Acme", Quota: glovebox.Quota{ConcurrentJobs: 2}}, 0)
	if err != nil || version != 1 || !made.Created.Equal(c.at) || made.Quota.Memory != glovebox.DefaultQuota().Memory {
		t.Fatalf("%+v at %d, %v", made, version, err)
	}
	_, _, err = r.Put(ctx, admin, glovebox.Tenant{ID: "acme"}, 0)
	wantKind(t, err, glovebox.KindStale, "tenant/acme")
	c.at = c.at.Add(time.Hour)
	next := made
	next.Quota.ConcurrentJobs, next.TwoPerson, next.Runtimes = 5, true, []string{"runc", "gvisor", "runc"}
	changed, version, err := r.Put(ctx, admin, next, 1)
	if err != nil || version != 2 || !changed.Created.Equal(made.Created) || !reflect.DeepEqual(changed.Runtimes, []string{"gvisor", "runc"}) {
		t.Fatalf("%+v at %d, %v", changed, version, err)
	}
	for _, old := range []int64{1, 3} {
		_, _, err = r.Put(ctx, admin, next, old)
		wantKind(t, err, glovebox.KindStale, "tenant/acme")
	}
	_, _, err = r.Put(ctx, admin, glovebox.Tenant{ID: "none"}, 4)
	wantKind(t, err, glovebox.KindStale, "tenant/none")
	if _, version, err := r.Put(ctx, admin, changed, 2); err != nil || version != 2 {
		t.Errorf("what is there already: %d, %v", version, err)
	}
	got, version, err := r.Get(ctx, "acme")
	if err != nil || version != 2 || !reflect.DeepEqual(got, changed) {
		t.Errorf("%+v at %d, %v", got, version, err)
	}
	events, err := store.AuditEvents(ctx, glovebox.AuditFilter{Tenant: "acme"})
	if err != nil || len(events) != 2 {
		t.Fatalf("%+v, %v", events, err)
	}
	want := map[string]string{"quota.concurrentJobs": "2 → 5", "twoPerson": "false → true", "runtimes": "gvisor → gvisor runc"}
	if e := events[1]; e.Action != "tenant.change" || e.Actor != "uid:0" || e.Target != "acme" || !e.OK || !reflect.DeepEqual(e.Detail, want) {
		t.Errorf("%+v", e)
	}
	if e := events[0]; e.Action != "tenant.create" || e.Detail["name"] != " → Acme" || e.Detail["quota.concurrentJobs"] != "10000 → 2" {
		t.Errorf("%+v", e)
	}
}

// TestPutRefused: what cannot be is refused with its field, and nothing is left.
func TestPutRefused(t *testing.T) {
	store := memory.New()
	r := tenant.Open(store, nil)
	for field, bad := range map[string]glovebox.Tenant{
		"id":                   {ID: "Acme"},
		"name":                 {ID: "a", Name: "a\x00"},
		"runtimes":             {ID: "a", Runtimes: []string{"magic"}},
		"quota.concurrentJobs": {ID: "a", Quota: glovebox.Quota{ConcurrentJobs: -1}},
		"quota.memory":         {ID: "a", Quota: glovebox.Quota{Memory: 1}},
	} {
		_, _, err := r.Put(ctx, admin, bad, 0)
		wantKind(t, err, glovebox.KindInvalid, field)
	}
	if all, err := store.ListRecords(ctx, "tenant", "", "", 10); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if events, err := store.AuditEvents(ctx, glovebox.AuditFilter{Tenant: glovebox.AnyTenant}); err != nil || len(events) != 0 {
		t.Errorf("%v, %v", events, err)
	}
}

// TestCache: the store is read once a second at most, a change here is seen at
// once, and one elsewhere after a second.
func TestCache(t *testing.T) {
	docs, c := &counting{Records: memory.New()}, newClock()
	here, there := tenant.Open(docs, c.now), tenant.Open(docs, c.now)
	quota := func(r *tenant.Registry) int {
		t.Helper()
		got, err := r.Tenant(ctx, "acme")
		if err != nil {
			t.Fatal(err)
		}
		got.Runtimes[0] = "changed by a caller"
		return got.Quota.QueuedJobs
	}
	for range 100 {
		quota(here)
		quota(there)
	}
	if docs.reads != 2 {
		t.Errorf("%d reads", docs.reads)
	}
	if _, _, err := here.Put(ctx, admin, glovebox.Tenant{ID: "acme", Quota: glovebox.Quota{QueuedJobs: 7}}, 0); err != nil {
		t.Fatal(err)
	}
	if quota(here) != 7 || quota(there) != 10_000 {
		t.Errorf("%d here, %d there", quota(here), quota(there))
	}
	c.at = c.at.Add(time.Second)
	if quota(there) != 7 {
		t.Errorf("%d there after a second", quota(there))
	}
	if got, err := here.Tenant(ctx, "acme"); err != nil || got.Runtimes[0] != glovebox.RuntimeGVisor {
		t.Errorf("%v, %v", got.Runtimes, err)
	}
}

// TestOneWins: of many who change the same version, one does.
func TestOneWins(t *testing.T) {
	r := tenant.Open(memory.New(), nil)
	var wg sync.WaitGroup
	won := make(chan int, 16)
	for i := range 16 {
		wg.Go(func() {
			_, _, err := r.Put(ctx, admin, glovebox.Tenant{ID: "acme", Quota: glovebox.Quota{QueuedJobs: i + 1}}, 0)
			switch glovebox.KindOf(err) {
			case "":
				won <- i + 1
			case glovebox.KindStale:
			default:
				t.Error(err)
			}
			if _, err := r.Tenant(ctx, "acme"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d won", len(won))
	}
	if got, err := r.Tenant(ctx, "acme"); err != nil || got.Quota.QueuedJobs != <-won {
		t.Errorf("%+v, %v", got, err)
	}
}
