package identity

import (
	"maps"
	"slices"
	"testing"

	"glovebox"
)

// documents are all documents but challenges and used proofs, by name, with version and
// value.
func (w *world) documents() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	for _, kind := range []string{kindSite, kindPerson, kindHandle, kindPasskey, kindAdmins, kindLink, kindRecovery,
		kindSession, kindKey, kindRule, kindOIDCToken, kindGrant} {
		for _, r := range must(w.store.ListRecords(w.ctx, kind, "", "", 1000))(w.t) {
			all[kind+"/"+r.Key] = string(rune(r.Version)) + string(r.Value)
		}
	}
	return all
}

func (w *world) events() []glovebox.AuditEvent {
	w.t.Helper()
	var all []glovebox.AuditEvent
	for _, tenant := range []string{installation, testTenant, "other"} {
		all = append(all, must(w.store.AuditEvents(w.ctx, glovebox.AuditFilter{Tenant: tenant, Limit: 1000}))(w.t)...)
	}
	return all
}

// refusals counts events of refusals.
func (w *world) refusals() int {
	n := 0
	for _, e := range w.events() {
		if !e.OK {
			n++
		}
	}
	return n
}

// wantRefused runs try, which must be refused with the one text, be audited
// once and change no document (but those of the kinds that may).
func (w *world) wantRefused(try func() error, may ...string) {
	w.t.Helper()
	before, told := w.documents(), w.refusals()
	err := try()
	if glovebox.KindOf(err) != glovebox.KindUnauthorized || err.Error() != refused().Error() || glovebox.AsError(err).Hint != glovebox.AsError(refused()).Hint {
		w.t.Errorf("got %v, want the uniform refusal", err)
	}
	if n := w.refusals() - told; n != 1 {
		w.t.Errorf("audited %d times", n)
	}
	after := w.documents()
	for name := range maps.Keys(after) {
		kind := name[:len(name)-len(name[indexSlash(name):])]
		if before[name] != after[name] && !slices.Contains(may, kind) {
			w.t.Errorf("changed: %s\nbefore %s\nafter  %s", name, before[name], after[name])
		}
		delete(before, name)
	}
	for name := range before {
		w.t.Errorf("gone: %s", name)
	}
}

func indexSlash(name string) int {
	for i := range name {
		if name[i] == '/' {
			return i
		}
	}
	return len(name)
}

// causes are the causes in the events of refusals.
func (w *world) causes() []string {
	var all []string
	for _, e := range w.events() {
		if !e.OK {
			all = append(all, e.Detail["cause"])
		}
	}
	return all
}

func expectKind(t *testing.T, err error, want glovebox.Kind) {
	t.Helper()
	if glovebox.KindOf(err) != want {
		t.Errorf("got %v (%s), want %s", err, glovebox.KindOf(err), want)
	}
}
