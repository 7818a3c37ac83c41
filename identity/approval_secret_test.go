package identity

import (
	"strings"
	"testing"

	"glovebox"
)

// TestSecretChangeIsForOne: a signature is for one name, version, list of domains
// and value, by an admin, for who asked, once; and the value is not in it.
func TestSecretChangeIsForOne(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	dev, other := m.invite("Dev", RoleDeveloper), m.invite("Cleo", RoleAdmin)
	const value = "canary-5f2a91c3"
	change := SecretChange{Name: "KEY", Seen: 3, Domains: []string{"api.example.com"}, Hash: SecretHash([]byte("0123456789abcdef"), []byte(value))}
	if _, err := w.s.RequestSecretChange(w.ctx, dev.caller(), change); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("a developer asks: %v", err)
	}
	a := must(w.s.RequestSecretChange(w.ctx, m.caller(), change))(t)
	if p := string(a.Operation.Parameters); strings.Contains(p, value) || !strings.Contains(p, change.Hash) || a.Needed != 1 {
		t.Errorf("%+v", a)
	}
	take := func(p *member, c SecretChange) error {
		_, err := w.s.TakeSecretChange(w.ctx, p.caller(), a.ID, c)
		return err
	}
	if err := take(m, change); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Errorf("not signed: %v", err)
	}
	if _, err := dev.signApproval(a.ID); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("a developer signs: %v", err)
	}
	must(other.signApproval(a.ID))(t)
	for name, c := range map[string]func(*SecretChange){
		"name":    func(c *SecretChange) { c.Name = "OTHER" },
		"version": func(c *SecretChange) { c.Seen = 4 },
		"domains": func(c *SecretChange) { c.Domains = nil },
		"value":   func(c *SecretChange) { c.Hash = SecretHash([]byte("0123456789abcdef"), []byte("another")) },
		"removal": func(c *SecretChange) { c.Hash = "" },
	} {
		changed := change
		c(&changed)
		if err := take(m, changed); glovebox.KindOf(err) != glovebox.KindConflict {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if err := take(other, change); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Errorf("by who did not ask: %v", err)
	}
	if err := take(m, change); err != nil {
		t.Error(err)
	}
	if err := take(m, change); glovebox.KindOf(err) != glovebox.KindApproval {
		t.Errorf("once more: %v", err)
	}
}

// TestSecretChangeIsNoJob: what was signed for a secret is good for nothing else,
// and the other way round.
func TestSecretChangeIsNoJob(t *testing.T) {
	w := newWorld(t)
	m := w.admin()
	change := SecretChange{Name: "KEY", Hash: "00"}
	a := must(w.s.RequestSecretChange(w.ctx, m.caller(), change))(t)
	must(m.signApproval(a.ID))(t)
	spec := testSpec(t)
	if _, err := w.s.TakeApproval(w.ctx, m.caller(), a.ID, "", spec); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("a job: %v", err)
	}
	job := must(w.s.RequestApproval(w.ctx, m.caller(), spec, widening, 1))(t)
	must(m.signApproval(job.ID))(t)
	if _, err := w.s.TakeSecretChange(w.ctx, m.caller(), job.ID, change); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("a secret: %v", err)
	}
	must(w.s.TakeSecretChange(w.ctx, m.caller(), a.ID, change))(t) // the control
}
