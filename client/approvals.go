package client

import (
	"context"
	"net/http"

	"glovebox"
	"glovebox/api/wire"
)

// headerApproval names the approval that a job is submitted with.
const headerApproval = "Glovebox-Approval"

// RequestApproval asks for people to agree to one exact job that goes beyond
// what its tenant allows without. They sign on the page at Approval.URL.
func (c *Client) RequestApproval(ctx context.Context, spec glovebox.Spec) (Approval, error) {
	var a Approval
	err := c.post(ctx, "/v1/approvals", wire.ApprovalRequest{Spec: new(wire.SpecOf(spec))}, &a)
	return a, err
}

// Approvals lists the tenant's requests that are still open.
func (c *Client) Approvals(ctx context.Context) ([]Approval, error) {
	var answer wire.ApprovalList
	err := c.call(ctx, get("/v1/approvals", nil), &answer)
	return answer.Approvals, err
}

// Approval returns a request with the signatures it has by now; KindNotFound.
func (c *Client) Approval(ctx context.Context, id string) (Approval, error) {
	var a Approval
	err := c.read(ctx, "/v1/approvals", id, &a)
	return a, err
}

// BeginApproval asks for the challenge that is the hash of exactly this job.
func (c *Client) BeginApproval(ctx context.Context, id string) (StepUp, error) {
	path, err := resource("/v1/approvals", id, "/begin")
	if err != nil {
		return StepUp{}, err
	}
	var s StepUp
	err = c.once(ctx, request{method: http.MethodPost, path: path}, &s)
	return s, err
}

// SignApproval adds the caller's signature: the authenticator's response to the
// challenge of BeginApproval, whose id is in the answer. KindConflict.
func (c *Client) SignApproval(ctx context.Context, id string, answer Answer) (Approval, error) {
	var a Approval
	err := c.actOn(ctx, "/v1/approvals", id, "/sign", answer, &a)
	return a, err
}

// SubmitApproved is Submit of exactly the job that an approval is of.
// KindApproval until it has the signatures it needs.
func (c *Client) SubmitApproved(ctx context.Context, spec glovebox.Spec, key, approval string) (Job, error) {
	r, err := submission(spec, key)
	if err != nil {
		return Job{}, err
	}
	var job Job
	err = c.call(ctx, r.with(headerApproval, approval), &job)
	return job, err
}
