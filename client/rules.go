package client

import (
	"context"

	"glovebox/api/wire"
)

// Rules lists the tenant's trust rules; for admins.
func (c *Client) Rules(ctx context.Context) ([]Rule, error) {
	var answer wire.RuleList
	err := c.call(ctx, get("/v1/rules", nil), &answer)
	return answer.Rules, err
}

// WriteRule adds a trust rule to the caller's tenant. KindInvalid with the field
// for one that would let in more than it says, KindApproval without a
// signature.
func (c *Client) WriteRule(ctx context.Context, r RuleRequest) (Rule, error) {
	var rule Rule
	err := c.postOnce(ctx, "/v1/rules", r, &rule)
	return rule, err
}

// RemoveRule removes a trust rule and ends the sessions that it gave.
// KindNotFound, KindApproval without a signature.
func (c *Client) RemoveRule(ctx context.Context, id string, s *Signature) error {
	return c.actOn(ctx, "/v1/rules", id, "/remove", wire.SignedRequest{Signature: s}, nil)
}
