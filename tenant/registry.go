package tenant

import (
	"context"
	"encoding/json"
	"time"

	"glovebox"
)

// kind is that of the documents; their key is the tenant's id.
const kind = "tenant"

// Registry reads and changes tenants. Its methods may be called concurrently.
type Registry struct {
	records glovebox.Records
	now     func() time.Time
	cache   *cache
}

// Open returns a registry over documents. now is the clock; time.Now if nil.
func Open(records glovebox.Records, now func() time.Time) *Registry {
	if now == nil {
		now = time.Now
	}
	return &Registry{records: records, now: now, cache: newCache()}
}

// Get returns a tenant and the version of its document, which a change of it
// must name. KindNotFound if it has none; the local tenant is always there, at
// version 0 until somebody changes it.
func (r *Registry) Get(ctx context.Context, id string) (glovebox.Tenant, int64, error) {
	t, version, err := r.read(ctx, id)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		if id == glovebox.LocalTenant {
			return glovebox.DefaultTenant(id), 0, nil
		}
		return glovebox.Tenant{}, 0, glovebox.Errorf(glovebox.KindNotFound, "no settings of tenant %q", id)
	}
	return t, version, err
}

// Tenant returns a tenant's settings, the default ones if it has no document.
// They may be a second old if another process has changed them; a change by
// this one is seen at once.
func (r *Registry) Tenant(ctx context.Context, id string) (glovebox.Tenant, error) {
	now := r.now()
	if t, ok := r.cache.get(id, now); ok {
		return t, nil
	}
	t, version, err := r.read(ctx, id)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		t, version, err = glovebox.DefaultTenant(id), 0, nil
	}
	if err != nil {
		return glovebox.Tenant{}, err
	}
	return r.cache.put(id, t, version, now), nil
}

// List returns up to limit (1–1000) tenants that have documents, by id, from
// after the given one on. KindInvalid on "limit".
func (r *Registry) List(ctx context.Context, after string, limit int) ([]glovebox.Tenant, error) {
	found, err := r.records.ListRecords(ctx, kind, "", after, limit)
	if err != nil {
		return nil, err
	}
	all := make([]glovebox.Tenant, 0, len(found))
	for _, doc := range found {
		t, err := parse(doc)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (r *Registry) read(ctx context.Context, id string) (glovebox.Tenant, int64, error) {
	doc, err := r.records.Record(ctx, kind, id)
	if err != nil {
		return glovebox.Tenant{}, 0, err
	}
	t, err := parse(doc)
	return t, doc.Version, err
}

// parse reads a document. What an older glovebox did not know yet gets its
// default.
func parse(doc glovebox.Record) (glovebox.Tenant, error) {
	var t glovebox.Tenant
	err := json.Unmarshal(doc.Value, &t)
	if err == nil {
		t, err = t.Complete()
	}
	if err != nil || t.ID != doc.Key {
		return glovebox.Tenant{}, glovebox.Errorf(glovebox.KindUnavailable, "the settings of tenant %q cannot be read: %v", doc.Key, err).
			Try("the data is damaged, or was written by a newer glovebox; restore a backup or upgrade")
	}
	return t, nil
}
