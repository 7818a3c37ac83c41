package secret

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"glovebox"
)

// kind is that of the documents; their key is TENANT/NAME.
const kind = "secret"

// Registry reads and changes secrets. Its methods may be called concurrently.
type Registry struct {
	records glovebox.Records
	sealer  Sealer
	now     func() time.Time
}

// Open returns a registry over documents. now is the clock; time.Now if nil.
func Open(records glovebox.Records, sealer Sealer, now func() time.Time) *Registry {
	if now == nil {
		now = time.Now
	}
	return &Registry{records: records, sealer: sealer, now: now}
}

// document is what is stored.
type document struct {
	glovebox.Secret
	Key    string `json:"key"`    // that it is sealed with
	Sealed []byte `json:"sealed"` // content
}

// content is what is sealed: the value, and what it must not be torn from.
type content struct {
	Tenant  string   `json:"tenant"`
	Name    string   `json:"name"`
	Version int64    `json:"version"`
	Domains []string `json:"domains,omitempty"`
	Value   []byte   `json:"value"`
}

// Get returns what is known of a secret of the tenant; KindNotFound.
func (r *Registry) Get(ctx context.Context, tenant, name string) (glovebox.Secret, error) {
	d, _, err := r.read(ctx, tenant, name)
	return d.Secret, err
}

// List returns what is known of the tenant's secrets, by name.
func (r *Registry) List(ctx context.Context, tenant string) ([]glovebox.Secret, error) {
	// Some more than there may be, since two can be made at the same time.
	docs, err := r.records.ListRecords(ctx, kind, tenant+"/", "", glovebox.MaxSecrets)
	if err != nil {
		return nil, err
	}
	all := make([]glovebox.Secret, 0, len(docs))
	for _, doc := range docs {
		d, err := parse(doc)
		if err != nil {
			return nil, err
		}
		all = append(all, d.Secret)
	}
	return all, nil
}

// Value opens a secret for an order. Nothing else may come by it, so it is not
// for the API. KindNotFound; KindUnavailable if it cannot be opened.
func (r *Registry) Value(ctx context.Context, tenant, name string) (glovebox.SecretValue, error) {
	_, v, err := r.open(ctx, tenant, name)
	return v, err
}

// open reads a secret and opens it. What was sealed with the value is believed
// rather than what is stored beside it.
func (r *Registry) open(ctx context.Context, tenant, name string) (glovebox.Secret, glovebox.SecretValue, error) {
	d, _, err := r.read(ctx, tenant, name)
	if err != nil {
		return d.Secret, glovebox.SecretValue{}, err
	}
	c, err := r.unseal(ctx, d)
	if err != nil {
		return d.Secret, glovebox.SecretValue{}, err
	}
	return d.Secret, glovebox.NewSecretValue(c.Value), nil
}

func (r *Registry) unseal(ctx context.Context, d document) (content, error) {
	var c content
	plain, err := r.sealer.Open(ctx, d.Sealed)
	if err != nil {
		return c, glovebox.Errorf(glovebox.KindOf(err), "secret %q cannot be opened: %w", d.Name, err).Try("%s", glovebox.AsError(err).Hint)
	}
	if json.Unmarshal(plain, &c) != nil || // whose error may quote it
		c.Tenant != d.Tenant || c.Name != d.Name || c.Version != d.Version || !slices.Equal(c.Domains, d.Domains) {
		return content{}, glovebox.Errorf(glovebox.KindUnavailable, "secret %q is not what was sealed: the store was changed by somebody else", d.Name).
			Try("find out who can write to the store, and set the secret again")
	}
	return c, nil
}

// seal makes the document of a secret.
func (r *Registry) seal(ctx context.Context, s glovebox.Secret, value []byte) ([]byte, error) {
	plain, err := json.Marshal(content{Tenant: s.Tenant, Name: s.Name, Version: s.Version, Domains: s.Domains, Value: value})
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "secret %q cannot be written down", s.Name)
	}
	d := document{Secret: s}
	if d.Sealed, d.Key, err = r.sealer.Seal(ctx, plain); err != nil {
		return nil, err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "secret %q cannot be written down: %w", s.Name, err)
	}
	return body, nil
}

// read also returns the version of the document, which is not the secret's:
// sealing anew makes another one.
func (r *Registry) read(ctx context.Context, tenant, name string) (document, int64, error) {
	if !glovebox.IsSecretName(name) {
		return document{}, 0, errNone()
	}
	doc, err := r.records.Record(ctx, kind, key(tenant, name))
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return document{}, 0, errNone()
	}
	if err != nil {
		return document{}, 0, err
	}
	d, err := parse(doc)
	return d, doc.Version, err
}

func key(tenant, name string) string { return tenant + "/" + name }

// errNone says the same of what nobody has set and of what others have.
func errNone() error {
	return glovebox.Errorf(glovebox.KindNotFound, "there is no such secret").Try("see: glovebox secret list")
}

func parse(doc glovebox.Record) (document, error) {
	var d document
	err := json.Unmarshal(doc.Value, &d)
	if err == nil {
		_, err = d.Complete()
	}
	if tenant, name, _ := strings.Cut(doc.Key, "/"); err != nil || d.Tenant != tenant || d.Name != name {
		return document{}, glovebox.Errorf(glovebox.KindUnavailable, "secret %q cannot be read: %v", doc.Key, err).
			Try("the data is damaged, or was written by a newer glovebox; restore a backup or upgrade")
	}
	return d, nil
}
