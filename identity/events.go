package identity

import (
	"context"
	"strings"

	"glovebox"
)

// installation is the tenant of events where nobody, or nobody's tenant, is
// known. No tenant of people can have its name.
const installation = "installation"

// event is one thing that was granted or done. details are pairs.
func (s *Service) event(tenant, actor, action, target string, detail map[string]string) glovebox.AuditEvent {
	return glovebox.AuditEvent{Tenant: tenant, At: s.now(), Actor: actor, Action: action, Target: target, OK: true, Detail: detail}
}

// refusal is why a proof was not good enough. Its cause goes into the audit
// event and nowhere else.
type refusal struct {
	action string // what was tried
	cause  string
	tenant string // where known
	actor  string // where known
	target string
	detail map[string]string
}

// Error makes a refusal an error within the package, so that checks return it
// beside errors of the store. It never leaves the package: see refuse.
func (r *refusal) Error() string { return r.cause }

// because is a refusal of which only the cause is known yet.
func because(cause string) *refusal { return &refusal{cause: cause} }

// refuse audits r, together with what has to change because of it, and returns
// the one error that every refusal has.
func (s *Service) refuse(ctx context.Context, r *refusal, writes ...glovebox.Write) error {
	e := s.event(r.tenant, r.actor, r.action, r.target, map[string]string{"cause": clip(r.cause)})
	for k, v := range r.detail {
		e.Detail[k] = clip(v)
	}
	if e.Tenant == "" {
		e.Tenant = installation
	}
	e.OK, e.Kind = false, glovebox.KindUnauthorized
	if err := s.records.Commit(ctx, writes, e); err != nil {
		return err // a refusal that nobody could read about is not given
	}
	return refused()
}

// refused is the same for every cause, so it tells nothing to who is guessing.
func refused() error {
	return glovebox.Errorf(glovebox.KindUnauthorized, "not authenticated").Try("log in again")
}

// outcome passes on errors of the store and turns refusals into audited ones.
func (s *Service) outcome(ctx context.Context, action string, err error) error {
	r, ok := err.(*refusal)
	if !ok {
		return err
	}
	if r.action == "" {
		r.action = action
	}
	return s.refuse(ctx, r)
}

// clip keeps what a stranger sent from filling the audit log, and from being
// anything but text.
func clip(text string) string {
	if len(text) > 300 {
		text = text[:300]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "?")
}
