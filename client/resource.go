package client

import (
	"context"
	"net/http"

	"glovebox"
)

// maxID is longer than any id.
const maxID = 128

// resource names something by its id. An id that cannot be one must not become
// part of another path.
func resource(list, id, part string) (string, error) {
	if id == "" {
		return "", glovebox.Errorf(glovebox.KindInvalid, "an id is needed").On("id")
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' || len(id) > maxID {
			return "", glovebox.Errorf(glovebox.KindNotFound, "there is nothing with the id %.*q", maxID, id)
		}
	}
	return list + "/" + id + part, nil
}

// read gets what an id names.
func (c *Client) read(ctx context.Context, list, id string, v any) error {
	path, err := resource(list, id, "")
	if err != nil {
		return err
	}
	return c.call(ctx, get(path, nil), v)
}

// remove is for what is gone when it is removed twice. If the connection breaks
// after it was removed, the repeated call finds it gone, which is success.
func (c *Client) remove(ctx context.Context, list, id string) error {
	path, err := resource(list, id, "")
	if err != nil {
		return err
	}
	return c.delete(ctx, request{method: http.MethodDelete, path: path})
}

// delete is remove for a request.
func (c *Client) delete(ctx context.Context, r request) error {
	tries := 0
	return c.patiently(ctx, func() error {
		tries++
		err := c.once(ctx, r, nil)
		if tries > 1 && glovebox.KindOf(err) == glovebox.KindNotFound {
			return nil
		}
		return err
	})
}

// post sends a body that is safe to send again, and reads the answer into v.
func (c *Client) post(ctx context.Context, path string, body, v any) error {
	r, err := request{method: http.MethodPost, path: path}.withJSON(body)
	if err != nil {
		return err
	}
	return c.call(ctx, r.with("Idempotency-Key", glovebox.NewID("k")), v)
}

// postOnce sends a body that is good for one attempt, such as one with a
// signature or an authenticator's answer.
func (c *Client) postOnce(ctx context.Context, path string, body, v any) error {
	r, err := request{method: http.MethodPost, path: path}.withJSON(body)
	if err != nil {
		return err
	}
	return c.once(ctx, r, v)
}

// actOn is postOnce on something with an id.
func (c *Client) actOn(ctx context.Context, list, id, part string, body, v any) error {
	path, err := resource(list, id, part)
	if err != nil {
		return err
	}
	return c.postOnce(ctx, path, body, v)
}
