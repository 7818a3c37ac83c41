package api

import (
	"errors"
	"net/http"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
	"glovebox/policy"
)

// requestApproval asks for signatures for a job that its tenant does not allow
// without, or for a change of a policy or a secret.
func (h *handler) requestApproval(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	var body wire.ApprovalRequest
	if err := decode(w, r, &body); err != nil {
		return err
	}
	tenant, err := h.Tenants.Tenant(r.Context(), callerOf(r).Tenant)
	if err != nil {
		return err
	}
	needed := 1
	if tenant.TwoPerson {
		needed = 2
	}
	var a identity.Approval
	given := 0
	for _, there := range []bool{body.Spec != nil, body.Policy != nil, body.Secret != nil} {
		if there {
			given++
		}
	}
	switch {
	case given != 1:
		err = glovebox.Errorf(glovebox.KindInvalid, "either a job, a policy or a secret is signed").On("spec").Try("give spec, policy or secret")
	case body.Secret != nil && body.Job != "":
		err = glovebox.Errorf(glovebox.KindInvalid, "a secret is no job's").On("job").Try("leave it out")
	case body.Secret != nil:
		a, err = h.requestSecret(r, *body.Secret)
	case body.Spec != nil && body.Job != "":
		err = glovebox.Errorf(glovebox.KindInvalid, "a job to be submitted has no id").On("job").Try("leave it out, or give policy in place of spec")
	case body.Spec != nil:
		a, err = h.requestJob(r, *body.Spec, tenant, needed)
	case body.Job != "":
		a, err = h.requestJobPolicy(r, body.Job, body.Policy.Policy(), needed)
	default:
		a, err = h.requestTenantPolicy(r, *body.Policy.Policy(), needed)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/approvals/"+a.ID)
	return writeJSON(w, http.StatusCreated, h.viewApproval(a))
}

// requestJob asks for signatures for a job to be submitted.
func (h *handler) requestJob(r *http.Request, given wire.Spec, t glovebox.Tenant, needed int) (identity.Approval, error) {
	spec, err := given.Spec().Complete()
	if err != nil {
		return identity.Approval{}, within("spec", err)
	}
	a, err := h.Identity.RequestApproval(r.Context(), callerOf(r), spec, policy.Admit(t, spec).Widens(), needed)
	return a, within("spec", err)
}

// within says of which part of the body the field of an error is a part, unless
// it is all of that part.
func within(part string, err error) error {
	var e *glovebox.Error
	if !errors.As(err, &e) || e.Field == "" || e.Field == part {
		return err
	}
	copied := *e
	return copied.On(part + "." + e.Field)
}

func (h *handler) approvals(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	all, err := h.Identity.Approvals(r.Context(), callerOf(r))
	if err != nil {
		return err
	}
	list := wire.ApprovalList{Approvals: []wire.Approval{}}
	for _, a := range all {
		list.Approvals = append(list.Approvals, h.viewApproval(a))
	}
	return writeJSON(w, http.StatusOK, list)
}

func (h *handler) approval(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	a, err := h.Identity.Approval(r.Context(), callerOf(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, h.viewApproval(a))
}

func (h *handler) beginApprovalSignature(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	id, op, options, err := h.Identity.BeginSignature(r.Context(), callerOf(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	spelled, err := raw(options.Response)
	if err != nil {
		return err
	}
	c := callerOf(r)
	op.Tenant, op.Person = c.Tenant, c.Subject // which the challenge covers, too
	return writeJSON(w, http.StatusOK, wire.StepUp{ID: id, Options: spelled, Operation: viewOperation(op)})
}

func (h *handler) signApproval(w http.ResponseWriter, r *http.Request) error {
	var body wire.Answer
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	a, err := h.Identity.SignApproval(r.Context(), callerOf(r), r.PathValue("id"), body.ID, body.Response)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, h.viewApproval(a))
}

func (h *handler) viewApproval(a identity.Approval) wire.Approval {
	v := wire.Approval{
		ID: a.ID, URL: h.PublicURL + "/approve/" + a.ID, By: a.By, Widens: a.Widens, Needed: a.Needed,
		Signatures: []wire.ApprovalSignature{}, Operation: viewOperation(identity.ApprovalOperation(a)),
		CreatedAt: a.Created, Until: a.Until,
	}
	for _, s := range a.Signatures {
		v.Signatures = append(v.Signatures, wire.ApprovalSignature{By: identity.Person{ID: s.Operation.Person}.Principal().Name, At: s.At})
	}
	return v
}
