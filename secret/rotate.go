package secret

import (
	"context"
	"fmt"

	"glovebox"
)

// page is how many documents are read at one time.
const page = 100

// Rotate makes a new key and seals the secrets of all tenants with it. It
// returns the name of the key and how many were sealed anew. If it breaks off,
// the rest is still readable, and for Reseal.
func (r *Registry) Rotate(ctx context.Context, actor glovebox.Principal) (key string, n int, err error) {
	if err := r.sealer.Renew(ctx); err != nil {
		return "", 0, err
	}
	key = r.sealer.Key()
	n, err = r.Reseal(ctx)
	event := glovebox.AuditEvent{
		Tenant: actor.Tenant, At: r.now(), Actor: actor.Name, Action: "secret.rotate", Target: key, OK: err == nil, Kind: glovebox.KindOf(err),
		Detail: map[string]string{"resealed": fmt.Sprint(n)},
	}
	if told := r.records.Commit(ctx, nil, event); err == nil {
		err = told
	}
	return key, n, err
}

// Reseal seals with the newest key what is sealed with an older one, and returns
// how many it was. It is safe to do at any time, and more than once: a secret
// that is changed at the same time is sealed with the newest key by that.
func (r *Registry) Reseal(ctx context.Context) (n int, err error) {
	for after := ""; ; {
		docs, err := r.records.ListRecords(ctx, kind, "", after, page)
		if err != nil || len(docs) == 0 {
			return n, err
		}
		after = docs[len(docs)-1].Key
		for _, doc := range docs {
			done, err := r.reseal(ctx, doc)
			if done {
				n++
			}
			if err != nil {
				return n, err
			}
		}
	}
}

func (r *Registry) reseal(ctx context.Context, doc glovebox.Record) (bool, error) {
	d, err := parse(doc)
	if err != nil || d.Key == r.sealer.Key() {
		return false, err
	}
	c, err := r.unseal(ctx, d)
	if err != nil {
		return false, err
	}
	body, err := r.seal(ctx, d.Secret, c.Value)
	if err != nil {
		return false, err
	}
	err = r.records.Commit(ctx, []glovebox.Write{{Kind: kind, Key: doc.Key, Value: body, If: doc.Version}})
	if glovebox.KindOf(err) == glovebox.KindStale {
		return false, nil
	}
	return err == nil, err
}
