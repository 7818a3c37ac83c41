package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"

	"glovebox"
	"glovebox/api/wire"
)

// Tenant returns the caller's own tenant, and what its jobs take just now.
func (c *Client) Tenant(ctx context.Context) (TenantUsage, error) {
	var t TenantUsage
	err := c.call(ctx, get("/v1/tenant", nil), &t)
	return t, err
}

// HostTenants goes through the tenants that have settings, for root at the
// socket.
func (c *Client) HostTenants(ctx context.Context) iter.Seq2[Tenant, error] {
	return func(yield func(Tenant, error) bool) {
		for q := (url.Values{}); ; {
			var page wire.TenantList
			if err := c.call(ctx, get("/v1/host/tenants", q), &page); err != nil {
				yield(Tenant{}, err)
				return
			}
			for _, t := range page.Tenants {
				if !yield(t, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Set("after", page.Next)
		}
	}
}

// HostTenant returns a tenant's settings and their version, for root at the
// socket. KindNotFound if it has none.
func (c *Client) HostTenant(ctx context.Context, id string) (t Tenant, version string, err error) {
	path, err := resource("/v1/host/tenants", id, "")
	if err != nil {
		return t, "", err
	}
	return c.tenant(ctx, get(path, nil))
}

// PutHostTenant replaces a tenant's settings, for root at the socket. version is
// that of those to be replaced, or empty if there are none yet; KindStale if
// somebody else was faster.
func (c *Client) PutHostTenant(ctx context.Context, id string, s TenantSettings, version string) (Tenant, string, error) {
	path, err := resource("/v1/host/tenants", id, "")
	if err != nil {
		return Tenant{}, "", err
	}
	r, err := request{method: http.MethodPut, path: path}.withJSON(s)
	if err != nil {
		return Tenant{}, "", err
	}
	if version == "" {
		r = r.with("If-None-Match", "*")
	} else {
		r = r.with("If-Match", version)
	}
	return c.tenant(ctx, r)
}

// tenant is a call that answers with settings and their version. It is not
// repeated: a change that was made would look like somebody else's.
func (c *Client) tenant(ctx context.Context, r request) (t Tenant, version string, err error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return t, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return t, "", c.transportError(ctx, err)
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return t, "", glovebox.Errorf(glovebox.KindInternal, "reading the server's answer: %w", err).Try("is the server of the same version?")
	}
	return t, resp.Header.Get("ETag"), nil
}
