package client

import (
	"context"
	"net/http"
	"net/url"

	"glovebox/api/wire"
)

// CreateTemplate has nodes park sandboxes for the jobs of an image; for admins
// and root at the socket. KindInvalid with the field, KindImageUnknown,
// KindConflict if there is one of the name.
func (c *Client) CreateTemplate(ctx context.Context, r TemplateRequest) (Template, error) {
	var t Template
	err := c.post(ctx, "/v1/templates", r, &t)
	return t, err
}

// Templates lists the templates that a tenant has made: the caller's if tenant
// is empty; root at the socket may name another one, or glovebox.AnyTenant.
func (c *Client) Templates(ctx context.Context, tenant string) ([]Template, error) {
	var list wire.TemplateList
	err := c.call(ctx, get("/v1/templates", ofTenant(tenant)), &list)
	return list.Templates, err
}

// Template returns one of those that Templates lists; KindNotFound.
func (c *Client) Template(ctx context.Context, tenant, name string) (Template, error) {
	var t Template
	path, err := resource("/v1/templates", name, "")
	if err != nil {
		return t, err
	}
	err = c.call(ctx, get(path, ofTenant(tenant)), &t)
	return t, err
}

// RemoveTemplate removes one; nodes destroy what they have parked for it.
// KindNotFound.
func (c *Client) RemoveTemplate(ctx context.Context, tenant, name string) error {
	path, err := resource("/v1/templates", name, "")
	if err != nil {
		return err
	}
	return c.delete(ctx, request{method: http.MethodDelete, path: path, query: ofTenant(tenant)})
}

func ofTenant(tenant string) url.Values {
	if tenant == "" {
		return nil
	}
	return url.Values{"tenant": {tenant}}
}
