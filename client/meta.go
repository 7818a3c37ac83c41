package client

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"glovebox/api/wire"
)

// Version says what answers.
func (c *Client) Version(ctx context.Context) (Version, error) {
	var v Version
	err := c.call(ctx, get("/v1/version", nil), &v)
	return v, err
}

// Health asks whether requests are answered, as anybody may.
func (c *Client) Health(ctx context.Context) error {
	return c.once(ctx, openly(get("/healthz", nil)), nil)
}

// ErrorKinds lists every kind of error that the API has.
func (c *Client) ErrorKinds(ctx context.Context) ([]ErrorKind, error) {
	var answer wire.ErrorKinds
	err := c.call(ctx, openly(get("/v1/errors", nil)), &answer)
	return answer.Errors, err
}

// OpenAPI returns the API's description: OpenAPI 3.1, as JSON.
func (c *Client) OpenAPI(ctx context.Context) ([]byte, error) {
	var document jsontext.Value
	err := c.call(ctx, openly(get("/openapi.json", nil)), &document)
	return document, err
}

// JWKS returns the public keys that the server signs access tokens with, each
// as JSON.
func (c *Client) JWKS(ctx context.Context) (JWKS, error) {
	var keys JWKS
	err := c.call(ctx, openly(get("/.well-known/jwks.json", nil)), &keys)
	return keys, err
}

// openly marks a request that needs no caller.
func openly(r request) request {
	r.open = true
	return r
}
