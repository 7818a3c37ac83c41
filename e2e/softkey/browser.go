// Package softkey is a person at a browser, in software: somebody with a
// passkey who opens links, logs in, and agrees to what programs ask for. It
// speaks to the service as the pages do.
package softkey

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"glovebox/identity/identitytest"
)

// Browser is one person's, with their authenticator.
type Browser struct {
	Base   string // scheme, host and port of the service
	Device *identitytest.Device
	HTTP   *http.Client
}

// New makes a browser that trusts the authorities in ca (PEM; nil means the
// system's) and a new authenticator.
func New(base string, ca []byte) (*Browser, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{}
	if ca != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, fmt.Errorf("there is no certificate in what should be trusted")
		}
	}
	base = u.Scheme + "://" + u.Host
	return &Browser{
		Base: base, Device: identitytest.NewDevice(base, u.Hostname()),
		HTTP: &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: config}},
	}, nil
}

// challenge is what the service wants an authenticator to answer.
type challenge struct {
	ID      string          `json:"id"`
	Options json.RawMessage `json:"options"`
}

// Enrol uses a one-time link: it registers a passkey, and is logged in.
func (b *Browser) Enrol(ctx context.Context, link, name string) error {
	_, token, ok := strings.Cut(link, "#")
	if !ok {
		return fmt.Errorf("%q is not a one-time link", link)
	}
	var c challenge
	if err := b.Post(ctx, "/v1/links/begin", map[string]any{"token": token, "name": name, "passkey": "laptop"}, &c); err != nil {
		return err
	}
	answer, err := b.Device.Register(c.Options)
	if err != nil {
		return err
	}
	return b.Post(ctx, "/v1/links/finish", map[string]any{"id": c.ID, "response": json.RawMessage(answer)}, nil)
}

// Login logs in with the passkey.
func (b *Browser) Login(ctx context.Context) error {
	var c challenge
	if err := b.Post(ctx, "/v1/login/begin", map[string]any{}, &c); err != nil {
		return err
	}
	answer, err := b.Device.Assert(c.Options)
	if err != nil {
		return err
	}
	return b.Post(ctx, "/v1/login/finish", map[string]any{"id": c.ID, "response": json.RawMessage(answer)}, nil)
}

// Logout ends the session.
func (b *Browser) Logout(ctx context.Context) error {
	return b.Post(ctx, "/v1/me/logout", nil, nil)
}

// AllowCLI agrees to what the page of `glovebox login` asks, and goes where it
// then leads.
func (b *Browser) AllowCLI(ctx context.Context, page string) error {
	u, err := url.Parse(page)
	if err != nil {
		return err
	}
	q := u.Query()
	var made struct {
		Code string `json:"code"`
	}
	err = b.Post(ctx, "/v1/me/cli-codes", map[string]any{
		"challenge": q.Get("challenge"), "redirectURI": q.Get("redirect_uri"), "name": q.Get("name"),
	}, &made)
	if err != nil {
		return err
	}
	back := q.Get("redirect_uri") + "?" + url.Values{"code": {made.Code}, "state": {q.Get("state")}}.Encode()
	return b.do(ctx, http.MethodGet, back, nil, nil)
}

// Sign agrees with the passkey to exactly one operation and returns what the
// call that does it takes as its signature.
func (b *Browser) Sign(ctx context.Context, action, resource string, parameters any) (map[string]any, error) {
	var c challenge
	ask := map[string]any{"action": action}
	if resource != "" {
		ask["resource"] = resource
	}
	if parameters != nil {
		ask["parameters"] = parameters
	}
	if err := b.Post(ctx, "/v1/step-up/begin", ask, &c); err != nil {
		return nil, err
	}
	answer, err := b.Device.Assert(c.Options)
	return map[string]any{"id": c.ID, "response": json.RawMessage(answer)}, err
}

// Approve signs a request for a signed job, by its id.
func (b *Browser) Approve(ctx context.Context, id string) error {
	var c challenge
	if err := b.Post(ctx, "/v1/approvals/"+id+"/begin", nil, &c); err != nil {
		return err
	}
	answer, err := b.Device.Assert(c.Options)
	if err != nil {
		return err
	}
	return b.Post(ctx, "/v1/approvals/"+id+"/sign", map[string]any{"id": c.ID, "response": json.RawMessage(answer)}, nil)
}

// Post sends body as JSON, or nothing, and reads the answer into v if that is
// not nil.
func (b *Browser) Post(ctx context.Context, path string, body, v any) error {
	return b.do(ctx, http.MethodPost, b.Base+path, body, v)
}

// Get reads a path into v.
func (b *Browser) Get(ctx context.Context, path string, v any) error {
	return b.do(ctx, http.MethodGet, b.Base+path, nil, v)
}

func (b *Browser) do(ctx context.Context, method, to string, body, v any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, to, sent)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		req.Header.Set("Origin", b.Base)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := b.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 400 {
		return fmt.Errorf("%s %s: %s: %s", method, req.URL.Path, resp.Status, data)
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(data, v)
}
