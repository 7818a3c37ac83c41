package secret

import (
	"context"
	"fmt"
	"strings"

	"glovebox"
)

// Put gives a secret of the actor's tenant a value and domains, if it is at the
// version that the caller has seen (0: there is none), and returns it. Whether
// actor may do this is the caller's to say.
//
// KindInvalid with the field to blame, as Secret.Complete, or on "value" for an
// empty one; KindTooLarge on "value"; KindStale; KindConflict on "name" if the
// tenant has too many.
func (r *Registry) Put(ctx context.Context, actor glovebox.Principal, name string, domains []string, value glovebox.SecretValue, seen int64) (glovebox.Secret, error) {
	now := r.now().UTC()
	s, err := glovebox.Secret{
		Name: name, Tenant: actor.Tenant, Version: seen + 1, Domains: domains, Created: now, Updated: now, By: actor.Name,
	}.Complete()
	if err == nil {
		err = checkValue(value)
	}
	if err != nil {
		return glovebox.Secret{}, err
	}
	was, version, err := r.read(ctx, s.Tenant, name)
	switch {
	case glovebox.KindOf(err) == glovebox.KindNotFound:
		err = r.room(ctx, s.Tenant)
	case err == nil:
		s.Created = was.Created
	}
	if err != nil {
		return glovebox.Secret{}, err
	}
	if was.Version != seen {
		return glovebox.Secret{}, stale(name, was.Version, seen)
	}
	body, err := r.seal(ctx, s, value.Reveal())
	if err != nil {
		return glovebox.Secret{}, err
	}
	err = r.records.Commit(ctx, []glovebox.Write{{Kind: kind, Key: key(s.Tenant, name), Value: body, If: version}},
		r.event(actor, "secret.set", s))
	if glovebox.KindOf(err) == glovebox.KindStale {
		return glovebox.Secret{}, glovebox.Errorf(glovebox.KindStale, "secret %q has changed", name).On(kind + "/" + key(s.Tenant, name)).Try("read it again")
	}
	return s, err
}

func checkValue(v glovebox.SecretValue) error {
	switch n := v.Len(); {
	case n == 0:
		return glovebox.Errorf(glovebox.KindInvalid, "the value is empty").On("value").Try("to have it no more, remove the secret")
	case n > glovebox.MaxSecretBytes:
		return glovebox.Errorf(glovebox.KindTooLarge, "the value has %d bytes", n).On("value").Try("at most %d", glovebox.MaxSecretBytes)
	}
	return nil
}

// room refuses one more where there are enough.
func (r *Registry) room(ctx context.Context, tenant string) error {
	docs, err := r.records.ListRecords(ctx, kind, tenant+"/", "", glovebox.MaxSecrets)
	if err == nil && len(docs) >= glovebox.MaxSecrets {
		err = glovebox.Errorf(glovebox.KindConflict, "there are %d secrets already", len(docs)).On("name").Try("remove one first")
	}
	return err
}

func stale(name string, has, seen int64) error {
	return glovebox.Errorf(glovebox.KindStale, "secret %q is at version %d, not %d", name, has, seen).
		On("version").Try("read it again")
}

// Remove takes a secret of the actor's tenant away, if it is at the version that
// the caller has seen; 0 stands for any. Jobs that have it keep it. KindNotFound,
// KindStale.
func (r *Registry) Remove(ctx context.Context, actor glovebox.Principal, name string, seen int64) error {
	was, version, err := r.read(ctx, actor.Tenant, name)
	if err != nil {
		return err
	}
	if seen != 0 && was.Version != seen {
		return stale(name, was.Version, seen)
	}
	return r.records.Commit(ctx, []glovebox.Write{{Kind: kind, Key: key(actor.Tenant, name), If: version}},
		r.event(actor, "secret.remove", was.Secret))
}

// event tells of a change, and nothing of the value.
func (r *Registry) event(actor glovebox.Principal, action string, s glovebox.Secret) glovebox.AuditEvent {
	return glovebox.AuditEvent{
		Tenant: actor.Tenant, At: r.now(), Actor: actor.Name, Action: action, Target: s.Name, OK: true,
		Detail: map[string]string{"version": fmt.Sprint(s.Version), "domains": strings.Join(s.Domains, " ")},
	}
}
