package orchestrator_test

import (
	"context"
	"fmt"
	"testing"

	"glovebox"
)

// someSecrets are those of every tenant: all but NONE, and BOUND for one domain.
type someSecrets struct{}

func (someSecrets) Check(_ context.Context, _ string, uses []glovebox.SecretUse) error {
	for i, use := range uses {
		field := fmt.Sprintf("policy.secrets[%d]", i)
		if use.Name == "NONE" {
			return glovebox.Errorf(glovebox.KindInvalid, "there is no such secret").On(field + ".name")
		}
		if use.Name == "BOUND" && use.Domain != "api.a.example" {
			return glovebox.Errorf(glovebox.KindDenied, "it is for others").On(field + ".domain")
		}
	}
	return nil
}

// TestSecrets: a job with secrets that it may have is accepted, and each use is
// an event with it; one with another is refused. A change of the policy tells of
// what is new.
func TestSecrets(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.start()
		with := func(uses ...glovebox.SecretUse) *glovebox.Policy {
			p := to("api.a.example", "b.example")
			p.Secrets = uses
			return p
		}
		file := glovebox.SecretUse{Name: "KEY", File: true}
		header := glovebox.SecretUse{Name: "BOUND", Domain: "api.a.example", Header: "Authorization", Prefix: "Bearer "}
		submit := func(p *glovebox.Policy) (glovebox.Job, error) {
			job, _, err := r.Submit(t.Context(), me, glovebox.Spec{Image: "here", Cmd: []string{"sleep", "60"}, Policy: p}, nil)
			return job, err
		}
		job, err := submit(with(file, header))
		if err != nil {
			t.Fatal(err)
		}
		events := func() (all []glovebox.AuditEvent) {
			all, err := r.store.AuditEvents(t.Context(), glovebox.AuditFilter{Tenant: job.Tenant, Action: "secret.use"})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		all := events()
		if len(all) != 2 || all[0].Target != "KEY" || all[0].Detail["file"] != "/run/secrets/KEY" || all[0].Detail["job"] != job.ID ||
			all[1].Target != "BOUND" || all[1].Detail["domain"] != "api.a.example" || all[1].Detail["header"] != "Authorization" || all[1].Actor != me.Name {
			t.Errorf("%+v", all)
		}
		for name, c := range map[string]struct {
			use   glovebox.SecretUse
			kind  glovebox.Kind
			field string
		}{
			"none":    {glovebox.SecretUse{Name: "NONE", File: true}, glovebox.KindInvalid, "policy.secrets[1].name"},
			"a file":  {glovebox.SecretUse{Name: "BOUND", File: true}, glovebox.KindDenied, "policy.secrets[1].domain"},
			"another": {glovebox.SecretUse{Name: "BOUND", Domain: "b.example", Header: "X-Key"}, glovebox.KindDenied, "policy.secrets[1].domain"},
		} {
			_, err := submit(with(file, c.use))
			if e := glovebox.AsError(err); err == nil || e.Kind != c.kind || e.Field != c.field {
				t.Errorf("%s: %v", name, err)
			}
			_, err = r.ChangePolicy(t.Context(), me, job.ID, glovebox.PolicyChange{Policy: with(file, c.use), Seen: -1})
			if e := glovebox.AsError(err); err == nil || e.Kind != c.kind || e.Field != c.field {
				t.Errorf("%s, later: %v", name, err)
			}
		}
		if n := len(events()); n != 2 {
			t.Errorf("%d events after what was refused", n)
		}
		more := glovebox.SecretUse{Name: "MORE", Domain: "b.example", Header: "X-Key"}
		if _, err := r.ChangePolicy(t.Context(), me, job.ID, glovebox.PolicyChange{Policy: with(header, more), Seen: -1}); err != nil {
			t.Fatal(err)
		}
		if all := events(); len(all) != 3 || all[2].Target != "MORE" {
			t.Errorf("%+v", all)
		}
	})
}
