package main

import (
	"context"
	"fmt"
	"time"

	"glovebox"
	"glovebox/client"
)

// slower is how much longer to wait between questions when the server says that
// they come too often (RFC 8628, section 3.5).
const slower = 5 * time.Second

// loginByDevice has the person agree in a browser of another machine.
func (a *app) loginByDevice(ctx context.Context, c *client.Client, name string) error {
	d, err := c.BeginDevice(ctx, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "in a browser where you are logged in, open\n\n  %s\n\nand type\n\n  %s\n\nwithin %s; this machine calls itself %q there\n",
		inert(d.VerificationURL), inert(d.UserCode), loginTime, name)
	ctx, cancel := context.WithTimeoutCause(ctx, loginTime,
		glovebox.Errorf(glovebox.KindTimeout, "nobody typed the code within %s", loginTime).Try("try again"))
	defer cancel()
	interval := time.Duration(max(d.Interval, 1)) * time.Second
	for {
		if err := a.pause(ctx, interval); err != nil {
			return err
		}
		_, err := c.RedeemDevice(ctx, d.DeviceCode)
		switch glovebox.KindOf(err) {
		case "":
			return nil
		case glovebox.KindTooMany:
			interval += slower
		case glovebox.KindUnavailable, glovebox.KindNoServer: // not yet, or not there just now
		default:
			return err
		}
	}
}
