package client_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/identity/identitytest"
)

func TestPasskeys(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	ctx := t.Context()
	_, err := ada.BeginPasskey(ctx, "phone", nil)
	refused(t, err, glovebox.KindApproval, "")
	ch, err := ada.BeginPasskey(ctx, "phone", ada.sign(client.StepUpRequest{Action: "passkey.add", Parameters: mustJSON(t, map[string]string{"name": "phone"})}))
	if err != nil {
		t.Fatal(err)
	}
	phone := identitytest.NewDevice(s.url, "localhost")
	response, err := phone.Register(ch.Options)
	if err != nil {
		t.Fatal(err)
	}
	added, err := ada.FinishPasskey(ctx, ch.ID, response)
	if err != nil || added.Name != "phone" {
		t.Fatalf("%+v, %v", added, err)
	}
	c, _ := ada.login() // names can be changed without a browser
	if err := c.RenamePasskey(ctx, added.ID, "old phone"); err != nil {
		t.Error(err)
	}
	refused(t, c.RenamePasskey(ctx, "../people", "x"), glovebox.KindNotFound, "")
	all, err := c.Passkeys(ctx)
	if err != nil || len(all) != 2 || !slices.ContainsFunc(all, func(p client.Passkey) bool { return p.Name == "old phone" }) {
		t.Errorf("%+v, %v", all, err)
	}
	remove := ada.sign(client.StepUpRequest{Action: "passkey.remove", Resource: added.ID})
	if err := ada.RemovePasskey(ctx, added.ID, remove); err != nil {
		t.Error(err)
	}
	codes, err := ada.MakeCodes(ctx, ada.sign(client.StepUpRequest{Action: "recovery.codes"}))
	if err != nil || len(codes) != 10 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}
	lost := s.dial(client.Credential{})
	if session, err := lost.LoginByCode(ctx, codes[3], "borrowed"); err != nil || session.Kind != "recovery" {
		t.Errorf("%+v, %v", session, err)
	}
	if err := lost.Logout(ctx); err != nil {
		t.Error(err)
	}
}

func TestPeople(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	ctx := t.Context()
	invite := client.InviteRequest{Name: "Grace", Role: "viewer"}
	invite.Signature = ada.sign(client.StepUpRequest{Action: "person.invite", Parameters: mustJSON(t, map[string]string{"name": "Grace", "role": "viewer"})})
	made, err := ada.Invite(ctx, invite)
	if err != nil {
		t.Fatal(err)
	}
	if open, err := ada.Invitations(ctx); err != nil || len(open) != 1 || open[0].ID != made.Invitation.ID {
		t.Errorf("%+v, %v", open, err)
	}
	grace := s.enrol(made.URL, "")
	me, err := grace.Me(ctx)
	if err != nil || me.DisplayName != "Grace" || me.Role != "viewer" {
		t.Fatalf("%+v, %v", me, err)
	}
	role := ada.sign(client.StepUpRequest{Action: "person.role", Resource: me.Subject, Parameters: json.RawMessage(`{"role":"developer"}`)})
	if err := ada.SetRole(ctx, me.Subject, "developer", role); err != nil {
		t.Error(err)
	}
	if p, err := ada.Person(ctx, me.Subject); err != nil || p.Role != "developer" {
		t.Errorf("%+v, %v", p, err)
	}
	if err := ada.Disable(ctx, me.Subject, ada.sign(client.StepUpRequest{Action: "person.disable", Resource: me.Subject})); err != nil {
		t.Error(err)
	}
	_, err = grace.Me(ctx)
	refused(t, err, glovebox.KindUnauthorized, "")
	if err := ada.Enable(ctx, me.Subject, ada.sign(client.StepUpRequest{Action: "person.enable", Resource: me.Subject})); err != nil {
		t.Error(err)
	}
	if all, err := s.root().HostPeople(ctx); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	_, err = ada.HostPeople(ctx)
	refused(t, err, glovebox.KindDenied, "")
	invite.Signature = ada.sign(client.StepUpRequest{Action: "person.invite", Parameters: mustJSON(t, map[string]string{"name": "Grace", "role": "viewer"})})
	again, err := ada.Invite(ctx, invite)
	if err != nil {
		t.Fatal(err)
	}
	if err := ada.Revoke(ctx, again.Invitation.ID); err != nil {
		t.Error(err)
	}
	refused(t, ada.Revoke(ctx, again.Invitation.ID), glovebox.KindNotFound, "")
}

// TestApproval: a job is signed, and submitted with that and nothing else.
func TestApproval(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	c, _ := ada.login()
	ctx := t.Context()
	spec := glovebox.Spec{Image: "busybox", Runtime: glovebox.RuntimeRunc}
	_, err := c.RequestApproval(ctx, spec)
	if refused(t, err, glovebox.KindInvalid, "digest"); glovebox.AsError(err).Field != "spec.containerImage" {
		t.Errorf("%+v", glovebox.AsError(err))
	}
	spec.Image += "@sha256:" + strings.Repeat("0", 64)
	a, err := c.RequestApproval(ctx, spec)
	if err != nil || a.Needed != 1 || len(a.Signatures) != 0 || a.URL != s.url+"/approve/"+a.ID {
		t.Fatalf("%+v, %v", a, err)
	}
	_, err = c.SubmitApproved(ctx, spec, "", a.ID)
	refused(t, err, glovebox.KindApproval, "")
	up, err := ada.BeginApproval(ctx, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = ada.SignApproval(ctx, a.ID, client.Answer{ID: up.ID, Response: ada.assert(up.Options)}); err != nil || len(a.Signatures) != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	if all, err := c.Approvals(ctx); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	other := spec
	other.Cmd = []string{"more"}
	if _, err := c.SubmitApproved(ctx, other, "", a.ID); err == nil {
		t.Error("another job was submitted with it")
	}
	job, err := c.SubmitApproved(ctx, spec, "", a.ID)
	if err != nil || job.Spec.Runtime != glovebox.RuntimeRunc {
		t.Errorf("%+v, %v", job, err)
	}
}

func TestAudit(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	c, _ := ada.login()
	ctx := t.Context()
	var events []glovebox.AuditEvent
	for e, err := range c.Audit(ctx, client.AuditFilter{PageSize: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if len(events) < 3 || glovebox.VerifyChain(events) != nil {
		t.Errorf("%d events, %v", len(events), glovebox.VerifyChain(events))
	}
	var back []glovebox.AuditEvent
	for e, err := range c.Audit(ctx, client.AuditFilter{PageSize: 1, Newest: true, Before: int64(len(events)) + 1}) {
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, e)
	}
	slices.Reverse(back)
	if !reflect.DeepEqual(back, events) {
		t.Errorf("newest first: %+v\nwant the opposite of %+v", back, events)
	}
	page, _, err := s.root().AuditPage(ctx, client.AuditFilter{Tenant: "acme", Action: "session.open", Since: s.clock().Add(-time.Minute), Until: s.clock().Add(time.Minute)})
	if err != nil || len(page) == 0 || page[0].Action != "session.open" {
		t.Errorf("%+v, %v", page, err)
	}
	_, _, err = c.AuditPage(ctx, client.AuditFilter{Tenant: "other"})
	if k := glovebox.KindOf(err); k != glovebox.KindDenied && k != glovebox.KindInvalid {
		t.Errorf("another tenant's log: %v", err)
	}
}

func TestTenants(t *testing.T) {
	s := startSite(t)
	c, _ := s.admin("acme").login()
	root, ctx := s.root(), t.Context()
	_, _, err := root.HostTenant(ctx, "acme")
	refused(t, err, glovebox.KindNotFound, "")
	set, version, err := root.PutHostTenant(ctx, "acme", client.TenantSettings{Name: "Acme", Quota: client.Quota{ConcurrentJobs: 7}, TwoPerson: true}, "")
	if err != nil || set.Quota.ConcurrentJobs != 7 || version == "" {
		t.Fatalf("%+v, %q, %v", set, version, err)
	}
	_, _, err = root.PutHostTenant(ctx, "acme", client.TenantSettings{}, "")
	refused(t, err, glovebox.KindStale, "")
	got, again, err := root.HostTenant(ctx, "acme")
	if err != nil || got.Name != "Acme" || again != version {
		t.Errorf("%+v, %q, %v", got, again, err)
	}
	if _, _, err = root.PutHostTenant(ctx, "acme", client.TenantSettings{Name: "Acme Corp"}, version); err != nil {
		t.Error(err)
	}
	n := 0
	for tenant, err := range root.HostTenants(ctx) {
		if err != nil || tenant.ID != "acme" || tenant.Name != "Acme Corp" {
			t.Errorf("%+v, %v", tenant, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d tenants", n)
	}
	if own, err := c.Tenant(ctx); err != nil || own.Tenant.ID != "acme" {
		t.Errorf("%+v, %v", own, err)
	}
	_, _, err = c.PutHostTenant(ctx, "acme", client.TenantSettings{}, "")
	refused(t, err, glovebox.KindDenied, "")
}

// TestKey: what is stored of a key is the key, and what is printed is not.
func TestKey(t *testing.T) {
	k := newKey(t)
	text, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	back, err := client.ParseKey(text)
	if err != nil || back.Thumbprint() != k.Thumbprint() || len(k.Thumbprint()) != 43 {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"", "x", text[:len(text)/2], "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		_, err := client.ParseKey(bad)
		refused(t, err, glovebox.KindInvalid, "glovebox login")
	}
}
