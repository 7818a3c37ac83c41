package client

import "context"

// BeginStepUp asks for a challenge that is the hash of exactly this operation.
// The authenticator's response to it, with the id, is the Signature that the
// operation's own call takes. KindDenied for who may not do it anyway.
func (c *Client) BeginStepUp(ctx context.Context, o StepUpRequest) (StepUp, error) {
	var s StepUp
	err := c.postOnce(ctx, "/v1/step-up/begin", o, &s)
	return s, err
}
