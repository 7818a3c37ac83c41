package api

import (
	"errors"
	"net/http"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
	"glovebox/policy"
)

// jobPolicy answers with the policy that holds for a job.
func (h *handler) jobPolicy(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	tag := versionTag(job.PolicyRevision)
	w.Header().Set("ETag", tag)
	if matches(r, "If-None-Match", tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeJSON(w, http.StatusOK, viewJobPolicy(job))
}

func viewJobPolicy(j glovebox.Job) wire.JobPolicy {
	p := j.Allowed()
	if p.Version == "" {
		p.Version = glovebox.PolicyVersion
	}
	return wire.JobPolicy{Job: j.ID, Policy: *wire.PolicyOf(&p), Revision: j.PolicyRevision, Admission: viewLines(j.Admission)}
}

// patchJobPolicy replaces the policy of a job that has not ended: at once if it
// narrows, else with an approval of exactly this change.
func (h *handler) patchJobPolicy(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	var body wire.Policy
	if err := decode(w, r, &body); err != nil {
		return err
	}
	change := glovebox.PolicyChange{Policy: body.Policy(), Seen: -1}
	approval, err := h.approvalNamed(r)
	next, wrong := change.Policy.CompleteJob()
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	job, err := h.find(r)
	if err != nil {
		return err
	}
	if r.Header.Get("If-Match") != "" {
		if !matches(r, "If-Match", versionTag(job.PolicyRevision)) {
			return glovebox.Errorf(glovebox.KindStale, "the job's policy has changed").On("If-Match").Try("read it again")
		}
		change.Seen = job.PolicyRevision
	}
	c := callerOf(r)
	switch {
	case approval != "":
		change.Seen = job.PolicyRevision
		change.Approvals, err = h.Approvals.TakePolicyChange(r.Context(), c, approval, "", identity.PolicyChange{Job: job.ID, Seen: change.Seen, Policy: next})
	case c.Kind == glovebox.PrincipalOperator && next.NeedsAdmin() && !c.Allowed(identity.ActionJobPrivate) && !policy.Narrower(job.Allowed(), *next):
		err = h.Allow(r.Context(), c, identity.ActionJobPrivate, job.ID)
	}
	if err != nil {
		return err
	}
	if job, err = h.Service.ChangePolicy(r.Context(), c.Principal, job.ID, change); err != nil {
		return err
	}
	w.Header().Set("ETag", versionTag(job.PolicyRevision))
	return writeJSON(w, http.StatusOK, viewJobPolicy(job))
}

// requestJobPolicy asks for signatures for a change of a job's policy.
func (h *handler) requestJobPolicy(r *http.Request, id string, given *glovebox.Policy, needed int) (identity.Approval, error) {
	next, err := given.CompleteJob()
	if err != nil {
		return identity.Approval{}, err
	}
	unknown := glovebox.Errorf(glovebox.KindNotFound, "there is no such job").On("job").Try("list them with GET /v1/jobs")
	if !plainID(id) {
		return identity.Approval{}, unknown
	}
	job, err := h.Service.Job(r.Context(), principal(r), id)
	switch {
	case glovebox.KindOf(err) == glovebox.KindNotFound:
		return identity.Approval{}, unknown
	case err != nil:
		return identity.Approval{}, err
	case next == nil || policy.Narrower(job.Allowed(), *next):
		return identity.Approval{}, glovebox.Errorf(glovebox.KindInvalid, "the change only narrows, and needs no approval").On("policy").Try("make it")
	}
	return h.Identity.RequestPolicyChange(r.Context(), callerOf(r), identity.PolicyChange{
		Job: job.ID, Seen: job.PolicyRevision, Policy: next, Widens: policy.Within(job.Allowed(), *next).Widens(),
	}, needed)
}
