package template

import (
	"context"
	"encoding/json"
	"time"

	"glovebox"
)

// kind is that of the documents; their key is the template's name.
const kind = "template"

// Images finds what templates are made of.
type Images interface {
	// Find returns the tenant's image of that name, if it is here. Errors:
	// KindInvalid, KindImageUnknown.
	Find(ctx context.Context, tenant, name string) (glovebox.Image, error)
}

// Registry reads, makes and removes templates. Its methods may be called
// concurrently.
type Registry struct {
	records glovebox.Records
	images  Images
	jobs    Jobs // nil: no job can be saved
	now     func() time.Time
	changed chan struct{} // holds one token after a change, for Follow
}

// Open returns a registry over documents. now is the clock; time.Now if nil.
func Open(records glovebox.Records, images Images, now func() time.Time) *Registry {
	if now == nil {
		now = time.Now
	}
	return &Registry{records: records, images: images, now: now, changed: make(chan struct{}, 1)}
}

// Get returns a template that the tenant (or, for AnyTenant, any) has made;
// KindNotFound.
func (r *Registry) Get(ctx context.Context, tenant, name string) (glovebox.WarmTemplate, error) {
	t, _, err := r.read(ctx, tenant, name)
	return t, err
}

// List returns the templates that the tenant (or, for AnyTenant, any) has made,
// by name.
func (r *Registry) List(ctx context.Context, tenant string) ([]glovebox.WarmTemplate, error) {
	// Some more than there may be, since two can be made at the same time.
	found, err := r.records.ListRecords(ctx, kind, "", "", 2*glovebox.MaxTemplates)
	if err != nil {
		return nil, err
	}
	all := make([]glovebox.WarmTemplate, 0, len(found))
	for _, doc := range found {
		t, err := parse(doc)
		if err != nil {
			return nil, err
		}
		if tenant == glovebox.AnyTenant || tenant == t.Tenant {
			all = append(all, t)
		}
	}
	return all, nil
}

// Digests are those of the images that templates are made of.
func (r *Registry) Digests(ctx context.Context) (map[string]bool, error) {
	all, err := r.List(ctx, glovebox.AnyTenant)
	digests := map[string]bool{}
	for _, t := range all {
		digests[t.Digest] = true
	}
	return digests, err
}

func (r *Registry) read(ctx context.Context, tenant, name string) (t glovebox.WarmTemplate, version int64, err error) {
	doc, err := r.records.Record(ctx, kind, name)
	if err == nil {
		t, err = parse(doc)
	}
	if glovebox.KindOf(err) == glovebox.KindNotFound || err == nil && tenant != glovebox.AnyTenant && tenant != t.Tenant {
		return glovebox.WarmTemplate{}, 0, errNone()
	}
	return t, doc.Version, err
}

// errNone says the same of what nobody has made and of what others have.
func errNone() error { return glovebox.Errorf(glovebox.KindNotFound, "there is no such template") }

func parse(doc glovebox.Record) (glovebox.WarmTemplate, error) {
	var t glovebox.WarmTemplate
	err := json.Unmarshal(doc.Value, &t)
	if err == nil {
		t, err = t.Complete()
	}
	if err != nil || t.Name != doc.Key {
		return t, glovebox.Errorf(glovebox.KindUnavailable, "template %q cannot be read: %v", doc.Key, err).
			Try("the data is damaged, or was written by a newer glovebox; restore a backup or upgrade")
	}
	return t, nil
}
