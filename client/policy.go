package client

import (
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"

	"glovebox"
	"glovebox/api/wire"
)

// PolicySchema returns the JSON Schema of a policy document.
func (c *Client) PolicySchema(ctx context.Context) ([]byte, error) {
	resp, err := c.send(ctx, request{method: http.MethodGet, path: "/v1/policy/schema", open: true})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, c.transportError(ctx, err)
	}
	return b, nil
}

// CheckPolicy explains a policy and holds it against that of the caller's
// tenant; nothing is changed. KindInvalid with the field.
func (c *Client) CheckPolicy(ctx context.Context, p glovebox.Policy) (PolicyChecked, error) {
	var checked PolicyChecked
	err := c.post(ctx, "/v1/policy/check", wire.PolicyCheck{Policy: *wire.PolicyOf(&p)}, &checked)
	return checked, err
}

// TenantPolicy returns the policy of the caller's tenant and its version.
func (c *Client) TenantPolicy(ctx context.Context) (p TenantPolicy, version string, err error) {
	version, err = c.versioned(ctx, get("/v1/tenant/policy", nil), &p)
	return p, version, err
}

// PutTenantPolicy replaces the policy of the caller's tenant. approval is of
// exactly this change; root at the socket needs none. KindApproval without one;
// KindStale if version is not that of the policy any more.
func (c *Client) PutTenantPolicy(ctx context.Context, p glovebox.Policy, version, approval string) (TenantPolicy, error) {
	var stored TenantPolicy
	r, err := policyRequest(http.MethodPut, "/v1/tenant/policy", p, version, approval)
	if err == nil {
		_, err = c.versioned(ctx, r, &stored)
	}
	return stored, err
}

// JobPolicy returns the policy that holds for a job, and its version.
func (c *Client) JobPolicy(ctx context.Context, id string) (p JobPolicy, version string, err error) {
	path, err := jobPath(id, "/policy")
	if err != nil {
		return p, "", err
	}
	version, err = c.versioned(ctx, get(path, nil), &p)
	return p, version, err
}

// SetJobPolicy replaces the policy of a job that has not ended: at once if it
// narrows, else with an approval of exactly this change. version may be empty.
// KindApproval, KindConflict, KindStale, KindNotFound.
func (c *Client) SetJobPolicy(ctx context.Context, id string, p glovebox.Policy, version, approval string) (JobPolicy, error) {
	var stored JobPolicy
	path, err := jobPath(id, "/policy")
	if err != nil {
		return stored, err
	}
	r, err := policyRequest(http.MethodPatch, path, p, version, approval)
	if err == nil {
		_, err = c.versioned(ctx, r, &stored)
	}
	return stored, err
}

// RequestPolicyApproval asks for people to agree to a change of the policy of a
// job or, if job is empty, of the caller's tenant.
func (c *Client) RequestPolicyApproval(ctx context.Context, job string, p glovebox.Policy) (Approval, error) {
	var a Approval
	err := c.post(ctx, "/v1/approvals", wire.ApprovalRequest{Job: job, Policy: wire.PolicyOf(&p)}, &a)
	return a, err
}

func policyRequest(method, path string, p glovebox.Policy, version, approval string) (request, error) {
	r, err := request{method: method, path: path}.withJSON(wire.PolicyOf(&p))
	if version != "" {
		r = r.with("If-Match", version)
	}
	if approval != "" {
		r = r.with(headerApproval, approval)
	}
	return r, err
}

// versioned is a call whose answer has a version. It is not repeated: a change
// that was made would look like somebody else's.
func (c *Client) versioned(ctx context.Context, r request, v any) (version string, err error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", c.transportError(ctx, err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return "", glovebox.Errorf(glovebox.KindInternal, "reading the server's answer: %w", err).Try("is the server of the same version?")
	}
	return resp.Header.Get("ETag"), nil
}
