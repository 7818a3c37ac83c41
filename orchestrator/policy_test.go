package orchestrator_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"glovebox"
)

// to is a policy that leads to domains by TLS.
func to(domains ...string) *glovebox.Policy {
	p := &glovebox.Policy{}
	for _, d := range domains {
		p.Egress = append(p.Egress, glovebox.EgressRule{Domain: d, Protocol: glovebox.EgressTLS})
	}
	return p
}

func signed(names ...string) (all []glovebox.Approval) {
	for _, n := range names {
		all = append(all, glovebox.Approval{By: n, At: time.Now(), Evidence: json.RawMessage(`{}`)})
	}
	return all
}

// allows gives a tenant a policy.
func (o *town) allows(t *testing.T, id string, p glovebox.Policy) {
	t.Helper()
	tenant := glovebox.DefaultTenant(id)
	tenant.Policy = p
	tenant, err := tenant.Complete()
	if err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[id] = tenant
}

// TestAdmission: what the tenant's policy covers needs no signature, what it
// does not needs one, and the job says what decided.
func TestAdmission(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		town := r.withTown()
		r.start()
		p := *to("*.a.example")
		p.Images, p.Limits = []string{"docker.io/library/*"}, glovebox.Limits{Memory: 1 << 30}
		town.allows(t, "a", p)
		submit := func(s glovebox.Spec, all ...glovebox.Approval) (glovebox.Job, error) {
			if s.Image == "" {
				s.Image = "here"
			}
			s.Cmd = []string{"exit", "0"}
			job, _, err := r.SubmitApproved(t.Context(), of("a"), s, nil, all)
			return job, err
		}
		job, err := submit(glovebox.Spec{Policy: to("B.a.example")})
		if err != nil {
			t.Fatal(err)
		}
		lines := map[string]glovebox.PolicyLine{}
		for _, l := range job.Admission {
			lines[l.Field] = l
		}
		if l := lines["policy.egress[0]"]; len(lines) != 3 || l.Verdict != glovebox.PolicyWithin || l.By != "policy.egress[0] (*.a.example:443)" {
			t.Errorf("%+v", job.Admission)
		}
		if l := lines["containerImage"]; l.By != "policy.images[0] (docker.io/library/*)" {
			t.Errorf("%+v", l)
		}
		for field, s := range map[string]glovebox.Spec{
			"policy.egress[1]":  {Policy: to("b.a.example", "other.example")},
			"limits.memory":     {Limits: glovebox.Limits{Memory: 2 << 30}},
			"containerImage":    {Image: "quay.io/here"},
			"policy.observe":    {Policy: &glovebox.Policy{Observe: true}},
			"policy.secrets[0]": {Policy: &glovebox.Policy{Secrets: []glovebox.SecretUse{{Name: "token", File: true}}}},
		} {
			_, err := submit(s)
			wantRefused(t, err, glovebox.KindApproval, field)
			if field == "containerImage" {
				continue // which is not here
			}
			job, err := submit(s, signed("person:1")...)
			if err != nil || job.Admission[0].Field != field || job.Admission[0].Verdict != glovebox.PolicySigned || job.Admission[0].By != "person:1" {
				t.Errorf("%s signed: %+v, %v", field, job.Admission, err)
			}
		}
		_, err = submit(glovebox.Spec{Policy: to("*.example")})
		wantRefused(t, err, glovebox.KindInvalid, "policy.egress[0].domain")
		events, err := r.store.AuditEvents(t.Context(), glovebox.AuditFilter{Tenant: "a", Action: "job.submit"})
		if err != nil || !strings.HasPrefix(events[0].Detail["policy"], "sha256:") {
			t.Errorf("%+v, %v", events, err)
		}
		trusted, _, err := r.Submit(t.Context(), me, glovebox.Spec{Image: "here", Cmd: []string{"exit", "0"}, Policy: to("a.example")}, nil)
		if err != nil || trusted.Admission[0].Verdict != glovebox.PolicyTrusted || trusted.Admission[0].By != me.Name {
			t.Errorf("%+v, %v", trusted.Admission, err)
		}
		r.allArchived(time.Minute)
	})
}

// TestForbiddenInAPolicy: no policy can name what is never reachable.
func TestForbiddenInAPolicy(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.config.Forbidden = func(a netip.Addr) bool { return a.IsLinkLocalUnicast() }
		r.start()
		p := &glovebox.Policy{Egress: []glovebox.EgressRule{{Address: "169.254.169.254", Port: 80, Protocol: glovebox.EgressTCP}}}
		_, _, err := r.Submit(t.Context(), me, glovebox.Spec{Image: "here", Policy: p}, nil)
		wantRefused(t, err, glovebox.KindInvalid, "policy.egress[0].address")
	})
}

// A sandbox has a link from its start or never.
func TestNoNetworkLater(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		r.start()
		job := r.submitOf("a", glovebox.Spec{Cmd: []string{"sleep", "1h"}})
		r.reaches(job.ID, glovebox.StatusRunning)
		_, err := r.ChangePolicy(t.Context(), of("a"), job.ID, glovebox.PolicyChange{Policy: to("b.a.example"), Seen: -1, Approvals: signed("person:1")})
		wantRefused(t, err, glovebox.KindConflict, "egress")
		if _, err := r.Cancel(t.Context(), of("a"), job.ID); err != nil {
			t.Fatal(err)
		}
		r.archived(job.ID)
	})
}

// TestChangePolicy: a running job's policy is narrowed at once, widened with a
// signature alone, and every change is an event in the same write.
func TestChangePolicy(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		var told []glovebox.Job
		r.config.PolicyChanged = func(j glovebox.Job) { told = append(told, j) }
		town := r.withTown()
		r.start()
		town.allows(t, "a", *to("*.a.example"))
		job := r.submitOf("a", glovebox.Spec{Cmd: []string{"sleep", "1h"}, Policy: to("b.a.example", "c.a.example")})
		r.reaches(job.ID, glovebox.StatusRunning)
		change := func(p *glovebox.Policy, seen int64, all ...glovebox.Approval) (glovebox.Job, error) {
			return r.ChangePolicy(t.Context(), of("a"), job.ID, glovebox.PolicyChange{Policy: p, Seen: seen, Approvals: all})
		}
		is, err := change(to("b.a.example"), 0)
		if err != nil || is.PolicyRevision != 1 || len(is.Allowed().Egress) != 1 || len(is.Spec.Policy.Egress) != 2 || is.Admission[0].Verdict != glovebox.PolicyWithin {
			t.Errorf("%+v, %v", is, err)
		}
		if same, err := change(to("b.a.example"), -1); err != nil || same.PolicyRevision != 1 {
			t.Errorf("what holds already: revision %d, %v", same.PolicyRevision, err)
		}
		_, err = change(to("b.a.example"), 0)
		wantRefused(t, err, glovebox.KindStale, "If-Match")
		for _, wider := range []*glovebox.Policy{to("b.a.example", "c.a.example"), to("*.a.example"), to("other.example")} {
			_, err := change(wider, -1)
			e := glovebox.AsError(err)
			if err == nil || e.Kind != glovebox.KindApproval || e.Hint == "" {
				t.Errorf("%+v: %v", wider, err)
			}
		}
		is, err = change(to("b.a.example", "other.example"), 1, signed("person:1")...)
		if err != nil || is.PolicyRevision != 2 || is.Admission[0].Field != "policy.egress[1]" || is.Admission[0].By != "person:1" || len(is.Approvals) != 1 {
			t.Errorf("%+v, %v", is, err)
		}
		is, err = change(to("other.example"), 2) // still by who signed it
		if err != nil || is.Admission[0].Verdict != glovebox.PolicySigned || is.Admission[0].By != "person:1" {
			t.Errorf("%+v, %v", is.Admission, err)
		}
		if is, err = change(nil, 3); err != nil || !is.Allowed().Empty() || is.PolicyRevision != 4 {
			t.Errorf("%+v, %v", is, err)
		}
		if len(told) != 4 || told[3].PolicyRevision != 4 {
			t.Errorf("told of %d changes", len(told))
		}
		_, err = r.ChangePolicy(t.Context(), of("b"), job.ID, glovebox.PolicyChange{})
		wantKind(t, err, glovebox.KindNotFound)
		if _, err := r.Cancel(t.Context(), of("a"), job.ID); err != nil {
			t.Fatal(err)
		}
		r.archived(job.ID)
		_, err = change(to("b.a.example"), -1)
		wantKind(t, err, glovebox.KindConflict)
		events, err := r.store.AuditEvents(t.Context(), glovebox.AuditFilter{Tenant: "a", Action: "job.policy"})
		if err != nil || len(events) != 7 { // four changes, three refusals
			t.Fatalf("%d events, %v", len(events), err)
		}
		if d := events[0].Detail; d["change"] != "narrowed" || d["revision"] != "1" || events[4].Detail["change"] != "widened" || events[1].OK {
			t.Errorf("%+v", events)
		}
		r.allArchived(time.Minute)
	})
}

func wantKind(t testing.TB, err error, kind glovebox.Kind) {
	t.Helper()
	if glovebox.KindOf(err) != kind {
		t.Errorf("got %v, want %s", err, kind)
	}
}

// TestBudgetCannotBeginAnew: a rule with a budget of bytes is not renamed, nor
// made two of.
func TestBudgetCannotBeginAnew(t *testing.T) {
	inBubble(t, 4, func(r *rig) {
		town := r.withTown()
		r.start()
		budget := func(names ...string) *glovebox.Policy {
			p := &glovebox.Policy{}
			for i, n := range names {
				p.Egress = append(p.Egress, glovebox.EgressRule{Name: n, Domain: "a.example", Protocol: glovebox.EgressTLS, Bytes: 1000, Methods: []string{"GET", "PUT"}[i:]})
			}
			return p
		}
		town.allows(t, "a", *budget("x"))
		job := r.submitOf("a", glovebox.Spec{Cmd: []string{"sleep", "1h"}, Policy: budget("x")})
		for _, p := range []*glovebox.Policy{budget("y"), budget("x", "y")} {
			_, err := r.ChangePolicy(t.Context(), of("a"), job.ID, glovebox.PolicyChange{Policy: p, Seen: -1})
			wantKind(t, err, glovebox.KindApproval)
		}
		less := budget("x")
		less.Egress[0].Bytes = 10
		if _, err := r.ChangePolicy(t.Context(), of("a"), job.ID, glovebox.PolicyChange{Policy: less, Seen: -1}); err != nil {
			t.Error(err)
		}
		if _, err := r.Cancel(t.Context(), of("a"), job.ID); err != nil {
			t.Fatal(err)
		}
		r.allArchived(time.Minute)
	})
}
