package client

import (
	"context"
	"io"
	"net/http"
)

// Receipt returns the receipt of an archived job, byte for byte as it was
// signed. KindConflict while the job is not archived; KindNotFound.
func (c *Client) Receipt(ctx context.Context, id string) ([]byte, error) {
	path, err := jobPath(id, "/receipt")
	if err != nil {
		return nil, err
	}
	var text []byte
	err = c.patiently(ctx, func() error {
		text, err = c.bytes(ctx, get(path, nil))
		return err
	})
	return text, err
}

// ReceiptKeys returns the public keys that the server signs receipts with, the
// one of now last. They are as trustworthy as the connection is.
func (c *Client) ReceiptKeys(ctx context.Context) (ReceiptKeys, error) {
	var keys ReceiptKeys
	err := c.call(ctx, openly(get("/v1/receipts/keys", nil)), &keys)
	return keys, err
}

// ReceiptSchema returns the JSON Schema of a receipt's statement.
func (c *Client) ReceiptSchema(ctx context.Context) ([]byte, error) {
	return c.bytes(ctx, openly(get("/v1/receipts/schema", nil)))
}

// RotateReceiptKey has the server sign receipts with a new key from now on; for
// root of its machine.
func (c *Client) RotateReceiptKey(ctx context.Context) (ReceiptKey, error) {
	var k ReceiptKey
	err := c.once(ctx, request{method: http.MethodPost, path: "/v1/host/receipts/rotate"}, &k)
	return k, err
}

// bytes returns an answer's body as it came.
func (c *Client) bytes(ctx context.Context, r request) ([]byte, error) {
	resp, err := c.send(ctx, r)
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
