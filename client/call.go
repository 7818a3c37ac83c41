package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"glovebox"
)

// request is one call. It can be sent more than once, for its body is in
// memory, unless stream is set.
type request struct {
	method string
	path   string
	query  url.Values
	header http.Header
	body   []byte
	stream io.Reader
	open   bool // needs no access token
	proven bool // though open, needs a proof of the key
}

func get(path string, query url.Values) request {
	return request{method: http.MethodGet, path: path, query: query}
}

// withJSON gives the request a JSON body. What is not UTF-8 cannot be said in
// JSON, and is refused rather than mended.
func (r request) withJSON(v any) (request, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return r, glovebox.Errorf(glovebox.KindInvalid, "cannot be sent as JSON: is it UTF-8?").On(blamed(err)).Try("pass binary data on stdin")
	}
	r.body = b
	return r.with("Content-Type", "application/json"), nil
}

// blamed is the field that could not be marshalled.
func blamed(err error) string {
	var p jsontext.Pointer
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		p = e.JSONPointer
	} else if e, ok := errors.AsType[*json.SemanticError](err); ok {
		p = e.JSONPointer
	}
	return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}

func (r request) with(name, value string) request {
	if r.header == nil {
		r.header = make(http.Header)
	} else {
		r.header = r.header.Clone()
	}
	r.header.Set(name, value)
	return r
}

// send sends the request and returns an answer that is no problem. Its body
// must be closed. A request that is refused with an access token is sent once
// more with a new one: the old may have expired on the way, or the clocks may
// have turned out to be apart.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	if c.unusable != nil {
		return nil, c.unusable
	}
	resp, used, err := c.sendOnce(ctx, r, "")
	if used == "" || r.stream != nil || glovebox.KindOf(err) != glovebox.KindUnauthorized {
		return resp, err
	}
	if resp, _, err = c.sendOnce(ctx, r, used); err != nil {
		err = c.holder.remarked(err)
	}
	return resp, err
}

// sendOnce is send without a second try. It returns the access token that went
// with the request, if one did.
func (c *Client) sendOnce(ctx context.Context, r request, used string) (*http.Response, string, error) {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return nil, "", err
	}
	token := ""
	if c.holder != nil && (!r.open || r.proven) {
		if token, err = c.authorize(ctx, req, r, used); err != nil {
			return nil, "", err
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, token, c.transportError(ctx, err)
	}
	c.reached.Store(true)
	if c.holder != nil {
		c.holder.skew.seen(resp.Header, c.holder.now())
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, token, problemError(resp)
	}
	return resp, token, nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	u := url.URL{Path: r.path, RawQuery: r.query.Encode()}
	var body io.Reader
	switch {
	case r.stream != nil:
		body = r.stream
	case r.body != nil:
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+u.String(), body)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "making a request: %w", err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	return req, nil
}

// call sends a request that is safe to repeat until it is answered, and reads
// the answer into v if that is not nil.
func (c *Client) call(ctx context.Context, r request, v any) error {
	return c.patiently(ctx, func() error { return c.once(ctx, r, v) })
}

// once is call without repeating.
func (c *Client) once(ctx context.Context, r request, v any) error {
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return c.transportError(ctx, err)
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "reading the server's answer: %w", err).Try("is the server of the same version?")
	}
	return nil
}
