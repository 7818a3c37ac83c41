package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) policySetCommand() *cobra.Command {
	return &cobra.Command{
		Use: "set FILE", Short: "Replace your tenant's policy", Args: takes(1, 1),
		Long: `Replace the policy of your tenant: the most that its jobs get without a signed
approval. It holds for jobs that are submitted from then on. An admin signs the
change with a passkey, in the browser; root at the server's machine needs none.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.readPolicy(args[0])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			_, version, err := c.TenantPolicy(cmd.Context())
			if err != nil {
				return err
			}
			t, err := c.PutTenantPolicy(cmd.Context(), p, version, "")
			if glovebox.KindOf(err) == glovebox.KindApproval {
				err = a.approved(cmd.Context(), c, "", p, func(approval string) (err error) {
					t, err = c.PutTenantPolicy(cmd.Context(), p, version, approval)
					return err
				})
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "the policy of tenant %s has %d egress rules now\n", inert(t.Tenant), len(t.Policy.Egress))
			return err
		},
	}
}

func (a *app) policyApplyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "apply JOB FILE", Short: "Replace the policy of a job that is there already", Args: takes(2, 2),
		Long: `Replace the policy of a job that has not ended. What only takes away holds at
once, and connections that it does not allow are cut. Anything else takes a
signature over exactly this change, in the browser.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.readPolicy(args[1])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			id, err := jobID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			j, err := c.SetJobPolicy(cmd.Context(), id, p, "", "")
			if glovebox.KindOf(err) == glovebox.KindApproval {
				err = a.approved(cmd.Context(), c, id, p, func(approval string) (err error) {
					j, err = c.SetJobPolicy(cmd.Context(), id, p, "", approval)
					return err
				})
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "revision %d of the policy of job %s\n", j.Revision, inert(j.Job))
			return err
		},
	}
}

// approved has people sign a change of a policy in the browser, and then makes
// it. job is empty for the tenant's.
func (a *app) approved(ctx context.Context, c *client.Client, job string, p glovebox.Policy, change func(approval string) error) error {
	r, err := c.RequestPolicyApproval(ctx, job, p)
	if err != nil {
		return err
	}
	return a.whenSigned(ctx, c, r, change)
}

// whenSigned has people sign a request in the browser, and then makes the change
// that it is of.
func (a *app) whenSigned(ctx context.Context, c *client.Client, r client.Approval, change func(approval string) error) error {
	fmt.Fprintf(a.stderr, "this takes a signature (%s); open\n\n  %s\n\nand sign it with your passkey before %s\n",
		inert(strings.Join(r.Widens, ", ")), inert(r.URL), r.Until.Local().Format(time.TimeOnly+" MST"))
	if r.Needed > 1 {
		fmt.Fprintf(a.stderr, "it takes %d persons: send the page's address to somebody else of your tenant, too\n", r.Needed)
	}
	a.open(r.URL)
	if err := a.awaitApproval(ctx, c, r); err != nil {
		return err
	}
	return change(r.ID)
}
