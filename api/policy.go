package api

import (
	"net/http"
	"strings"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
	"glovebox/policy"
)

// policySchema answers with the schema of the document.
func (h *handler) policySchema(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", schemaType)
	_, _ = w.Write(policy.Schema) // the caller may be gone; nobody else to tell
	return nil
}

// checkPolicy explains a policy and holds it against that of the caller's tenant.
func (h *handler) checkPolicy(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	var body wire.PolicyCheck
	if err := decode(w, r, &body); err != nil {
		return err
	}
	p, err := body.Policy.Policy().Complete()
	if err == nil {
		err = policy.Check(p, h.Forbidden)
	}
	if err != nil {
		return err
	}
	t, err := h.Tenants.Tenant(r.Context(), principal(r).Tenant)
	if err != nil {
		return err
	}
	d := policy.Within(t.Policy, p)
	return writeJSON(w, http.StatusOK, wire.PolicyChecked{
		Policy: *wire.PolicyOf(&p), Explained: policy.Explain(p), Lines: viewLines(d.Lines),
		NeedsApproval: !d.Allowed(), NeedsAdmin: !d.Allowed() && p.NeedsAdmin(),
	})
}

// tenantPolicy answers with the policy of the caller's tenant.
func (h *handler) tenantPolicy(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	t, version, err := h.ownTenant(r)
	if err != nil {
		return err
	}
	tag := versionTag(version)
	w.Header().Set("ETag", tag)
	if matches(r, "If-None-Match", tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeJSON(w, http.StatusOK, wire.TenantPolicy{Tenant: t.ID, Policy: *wire.PolicyOf(&t.Policy)})
}

// ownTenant is the caller's tenant and the version of its settings: 0 if nobody
// has set any.
func (h *handler) ownTenant(r *http.Request) (glovebox.Tenant, int64, error) {
	id := principal(r).Tenant
	t, version, err := h.Tenants.Get(r.Context(), id)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return glovebox.DefaultTenant(id), 0, nil
	}
	return t, version, err
}

// putTenantPolicy replaces the policy of the caller's tenant. Whoever is not the
// local operator names an approval of exactly this change.
func (h *handler) putTenantPolicy(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	var body wire.Policy
	if err := decode(w, r, &body); err != nil {
		return err
	}
	next, err := h.completePolicy(*body.Policy())
	if err != nil {
		return err
	}
	t, version, err := h.ownTenant(r)
	switch {
	case err != nil:
		return err
	case r.Header.Get("If-Match") == "":
		return glovebox.Errorf(glovebox.KindInvalid, "which version is to be replaced is not said").On("If-Match").Try("give If-Match with the ETag that you have read")
	case !matches(r, "If-Match", versionTag(version)):
		return glovebox.Errorf(glovebox.KindStale, "the tenant has changed").On("If-Match").Try("read its policy again")
	}
	if err := h.signedPolicy(r, t, version, next); err != nil {
		return err
	}
	t.Policy = next
	t, version, err = h.Tenants.Put(r.Context(), principal(r), t, version)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", versionTag(version))
	return writeJSON(w, http.StatusOK, wire.TenantPolicy{Tenant: t.ID, Policy: *wire.PolicyOf(&t.Policy)})
}

// signedPolicy uses up the approval of a change of a tenant's policy.
func (h *handler) signedPolicy(r *http.Request, t glovebox.Tenant, version int64, next glovebox.Policy) error {
	id, err := h.approvalNamed(r)
	switch {
	case err != nil:
		return err
	case id == "" && principal(r).Kind == glovebox.PrincipalOperator:
		return nil // could give it
	case id == "":
		return glovebox.Errorf(glovebox.KindApproval, "a tenant's policy is changed with a signed approval").On(headerApproval).
			Try("ask for one with POST /v1/approvals {policy}, and have an admin sign it")
	}
	evidence, err := h.Approvals.TakePolicyChange(r.Context(), callerOf(r), id, "", identity.PolicyChange{Seen: version, Policy: &next})
	if err != nil {
		return err
	}
	return glovebox.CheckApprovals(evidence, t)
}

// requestTenantPolicy asks for signatures for a change of the tenant's policy.
func (h *handler) requestTenantPolicy(r *http.Request, given glovebox.Policy, needed int) (identity.Approval, error) {
	next, err := h.completePolicy(given)
	if err != nil {
		return identity.Approval{}, err
	}
	t, version, err := h.ownTenant(r)
	if err != nil {
		return identity.Approval{}, err
	}
	return h.Identity.RequestPolicyChange(r.Context(), callerOf(r), identity.PolicyChange{
		Seen: version, Policy: &next, Widens: policy.Within(t.Policy, next).Widens(),
	}, needed)
}

// completePolicy checks a policy of a tenant.
func (h *handler) completePolicy(p glovebox.Policy) (glovebox.Policy, error) {
	done, err := p.Complete()
	if err != nil {
		return done, err
	}
	return done, policy.Check(done, h.Forbidden)
}

// mayTrust refuses what a caller at the local socket may not give a job: nobody
// signs there, and some of it takes an admin.
func (h *handler) mayTrust(r *http.Request, spec glovebox.Spec) error {
	c := callerOf(r)
	if c.Kind != glovebox.PrincipalOperator || !spec.Policy.NeedsAdmin() || c.Allowed(identity.ActionJobPrivate) || h.Tenants == nil {
		return nil
	}
	spec, err := spec.Complete()
	if err != nil {
		return err
	}
	t, err := h.Tenants.Tenant(r.Context(), c.Tenant)
	if err != nil {
		return err
	}
	d := policy.Admit(t, spec)
	if first := d.First(); first == nil || !strings.HasPrefix(first.Field, "policy.") {
		return nil
	}
	return h.Allow(r.Context(), c, identity.ActionJobPrivate, "")
}
