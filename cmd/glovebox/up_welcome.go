package main

import (
	"context"
	"fmt"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/internal/instance"
)

// welcomeTime bounds the wait for the first admin's link.
const welcomeTime = 10 * time.Second

// welcome tells whoever started the service where callers from elsewhere come
// in, what they must trust and, while nobody is an admin, the link for the
// first one.
func (a *app) welcome(ctx context.Context, set *processes, inst *instance.Instance) error {
	if set.public.url == nil {
		return nil
	}
	fmt.Fprintf(a.stdout, "reachable at %s\n", set.public.url)
	if set.certs != nil {
		fmt.Fprint(a.stdout, set.certs.introduce())
	}
	ctx, cancel := context.WithTimeout(ctx, welcomeTime)
	defer cancel()
	c := client.New(client.Options{Socket: inst.API()})
	defer c.Close()
	link, err := c.HostLink(ctx, client.HostLinkRequest{Purpose: "first_admin", Tenant: glovebox.LocalTenant})
	switch {
	case glovebox.KindOf(err) == glovebox.KindConflict:
		return nil // there is an admin
	case err != nil:
		return err
	}
	fmt.Fprintf(a.stdout, "there is no admin yet; whoever opens this link first, until %s, is:\n  %s\n",
		link.Link.Until.Local().Format(time.TimeOnly), link.URL)
	return nil
}
