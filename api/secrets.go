package api

import (
	"context"
	"fmt"
	"net/http"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// Secrets keeps the secrets of tenants. *secret.Registry is one. It has no call
// that gives a value.
type Secrets interface {
	// Get returns what is known of a secret; KindNotFound, also for another
	// tenant's.
	Get(ctx context.Context, tenant, name string) (glovebox.Secret, error)
	// List returns what is known of all of the tenant's, by name.
	List(ctx context.Context, tenant string) ([]glovebox.Secret, error)
	// Put gives a secret of the actor's tenant a value if its version is the
	// one seen, 0 for one that is not there, and leaves an audit event.
	// KindInvalid on "name", "domains" or "value"; KindTooLarge; KindStale.
	Put(ctx context.Context, actor glovebox.Principal, name string, domains []string, value glovebox.SecretValue, seen int64) (glovebox.Secret, error)
	// Remove takes one away if its version is the one seen, 0 for any, and
	// leaves an audit event. KindNotFound, KindStale.
	Remove(ctx context.Context, actor glovebox.Principal, name string, seen int64) error
	// Rotate seals all tenants' with a new key, whose name it returns, and
	// leaves an audit event.
	Rotate(ctx context.Context, actor glovebox.Principal) (key string, n int, err error)
}

// minSalt is how many random bytes keep a value from being found by its hash.
const minSalt = 16

func (h *handler) secrets(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	all, err := h.Secrets.List(r.Context(), principal(r).Tenant)
	if err != nil {
		return err
	}
	list := wire.SecretList{Secrets: make([]wire.Secret, len(all))}
	for i, s := range all {
		list.Secrets[i] = viewSecret(s)
	}
	return writeJSON(w, http.StatusOK, list)
}

func (h *handler) secret(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	s, err := h.Secrets.Get(r.Context(), principal(r).Tenant, r.PathValue("name"))
	if err != nil {
		return err
	}
	tag := secretTag(s)
	w.Header().Set("ETag", tag)
	if matches(r, "If-None-Match", tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeJSON(w, http.StatusOK, viewSecret(s))
}

// putSecret gives a secret a value, and never in place of one that the caller
// has not seen.
func (h *handler) putSecret(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	var body wire.SecretRequest
	if err := decode(w, r, &body); err != nil {
		return err
	}
	name, value := r.PathValue("name"), glovebox.NewSecretValue(body.Value)
	asked, err := glovebox.Secret{Name: name, Domains: body.Domains}.Complete()
	if err != nil {
		return err
	}
	seen, err := h.seenSecret(r, name)
	if err != nil {
		return err
	}
	if (body.Signature != nil || r.Header.Get(headerApproval) != "") && len(body.Salt) < minSalt {
		return glovebox.Errorf(glovebox.KindInvalid, "the salt has %d bytes", len(body.Salt)).On("salt").Try("use %d random ones", minSalt)
	}
	hash := identity.SecretHash(body.Salt, body.Value)
	change := identity.SecretChange{Name: name, Seen: seen, Domains: asked.Domains, Hash: hash}
	if err := h.agreed(r, body.Signature, identity.SecretOperation(name, seen, asked.Domains, hash), change); err != nil {
		return err
	}
	s, err := h.Secrets.Put(r.Context(), principal(r), name, asked.Domains, value, seen)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", secretTag(s))
	return writeJSON(w, http.StatusOK, viewSecret(s))
}

func (h *handler) removeSecret(w http.ResponseWriter, r *http.Request) error {
	var body wire.SignedRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	name := r.PathValue("name")
	s, err := h.Secrets.Get(r.Context(), principal(r).Tenant, name)
	if err != nil {
		return err
	}
	if r.Header.Get("If-Match") != "" && !matches(r, "If-Match", secretTag(s)) {
		return staleSecret()
	}
	change := identity.SecretChange{Name: name, Seen: s.Version}
	if err := h.agreed(r, body.Signature, identity.RemoveSecretOperation(name), change); err != nil {
		return err
	}
	if err := h.Secrets.Remove(r.Context(), principal(r), name, s.Version); err != nil {
		return err
	}
	return done(w)
}

func (h *handler) rotateSecrets(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	key, n, err := h.Secrets.Rotate(r.Context(), principal(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Resealed{Key: key, Resealed: n})
}

// consent is the caller's fresh signature over o, or that they are the operator,
// who has none to give and whose right to this was looked at.
func (h *handler) consent(r *http.Request, given *wire.Signature, o identity.Operation) error {
	c := callerOf(r)
	if c.Kind == glovebox.PrincipalOperator || h.Identity == nil {
		return h.Allow(r.Context(), c, o.Action, o.Resource)
	}
	signed, err := h.signed(r, given, o)
	if err != nil {
		return err
	}
	return h.Identity.Spend(r.Context(), c, o, signed)
}

// seenSecret is the version of the secret that the caller wants to replace.
func (h *handler) seenSecret(r *http.Request, name string) (int64, error) {
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	if (match == "") == (none == "") || none != "" && none != "*" {
		return 0, glovebox.Errorf(glovebox.KindInvalid, "which version is to be replaced is not said").On("If-Match").
			Try("give If-Match with the ETag that you have read or, for a secret that there is not yet, If-None-Match: *")
	}
	s, err := h.Secrets.Get(r.Context(), principal(r).Tenant, name)
	switch missing := glovebox.KindOf(err) == glovebox.KindNotFound; {
	case err != nil && !missing:
		return 0, err
	case missing && none != "":
		return 0, nil
	case missing:
		return 0, glovebox.Errorf(glovebox.KindStale, "there is no such secret").On("If-Match").Try("give If-None-Match: *")
	case none != "":
		return 0, glovebox.Errorf(glovebox.KindStale, "there is such a secret already").On("If-None-Match").Try("give If-Match with its ETag")
	case !matches(r, "If-Match", secretTag(s)):
		return 0, staleSecret()
	}
	return s.Version, nil
}

func staleSecret() error {
	return glovebox.Errorf(glovebox.KindStale, "the secret has changed").On("If-Match").Try("read it again")
}

// secretTag tells a secret from one that was removed and set anew.
func secretTag(s glovebox.Secret) string {
	return fmt.Sprintf(`"%d-%x"`, s.Version, s.Created.UnixNano())
}

func viewSecret(s glovebox.Secret) wire.Secret {
	return wire.Secret{
		Name: s.Name, Version: s.Version, Domains: s.Domains, CreatedAt: s.Created, UpdatedAt: s.Updated, UpdatedBy: s.By,
	}
}
