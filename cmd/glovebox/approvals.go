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

// approvalPause is how often to look whether somebody has signed.
const approvalPause = 2 * time.Second

func (a *app) approvalsCommand() *cobra.Command {
	var asJSON bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listApprovals(cmd, asJSON) }
	cmd := &cobra.Command{
		Use: "approvals", Short: "List jobs that wait for a signature", Args: noSuchCommand, RunE: list,
		Long: `List jobs that go beyond what your tenant allows without a signature, and wait for
one. They are signed in the browser, on the page of each.`,
	}
	all := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List jobs that wait for a signature", Args: takes(0, 0), RunE: list}
	show := &cobra.Command{
		Use: "show ID", Short: "Show what is to be signed, and by whom it is", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.showApproval(cmd, args[0], asJSON) },
	}
	for _, c := range []*cobra.Command{cmd, all, show} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	cmd.AddCommand(all, show)
	return cmd
}

func (a *app) listApprovals(cmd *cobra.Command, asJSON bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Approvals(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, orEmpty(all))
	}
	var rows [][]string
	now := time.Now()
	for _, p := range all {
		rows = append(rows, []string{p.ID, p.By, strings.Join(p.Widens, ", "), signedSoFar(p), ago(p.CreatedAt, now), p.URL})
	}
	return printTable(a.stdout, []string{"APPROVAL", "BY", "FOR", "SIGNED", "ASKED", "PAGE"}, rows)
}

func signedSoFar(p client.Approval) string {
	return fmt.Sprintf("%d of %d", len(p.Signatures), p.Needed)
}

func (a *app) showApproval(cmd *cobra.Command, id string, asJSON bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	p, err := c.Approval(cmd.Context(), id)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, p)
	}
	lines := [][2]string{
		{"approval", p.ID}, {"asked by", p.By}, {"for", strings.Join(p.Widens, ", ")}, {"signed", signedSoFar(p)},
		{"until", p.Until.Local().Format("2006-01-02 15:04:05 MST")}, {"page", p.URL}, {"job", string(p.Operation.Parameters)},
	}
	for _, s := range p.Signatures {
		lines = append(lines, [2]string{"signed by", s.By + " at " + s.At.Local().Format("15:04:05")})
	}
	return a.printLines(lines)
}

// submit hands over a job. One that goes beyond what the tenant allows is first
// signed by people in the browser, which is waited for; its image is pinned.
func (a *app) submit(ctx context.Context, c *client.Client, spec glovebox.Spec) (client.Job, error) {
	job, err := c.Submit(ctx, spec, "")
	if glovebox.KindOf(err) != glovebox.KindApproval {
		return job, err
	}
	if spec, err = a.pinned(ctx, c, spec); err != nil {
		return job, err
	}
	p, err := c.RequestApproval(ctx, spec)
	if err != nil {
		return job, err
	}
	fmt.Fprintf(a.stderr, "this job takes a signature, because of %s; open\n\n  %s\n\nand sign it with your passkey before %s\n",
		inert(strings.Join(p.Widens, ", ")), inert(p.URL), p.Until.Local().Format("15:04:05 MST"))
	if p.Needed > 1 {
		fmt.Fprintf(a.stderr, "it takes %d persons: send the page's address to somebody else of your tenant, too\n", p.Needed)
	}
	a.open(p.URL)
	if err := a.awaitApproval(ctx, c, p); err != nil {
		return job, err
	}
	return c.SubmitApproved(ctx, spec, glovebox.NewID("k"), p.ID)
}

// awaitApproval returns when there are enough signatures.
func (a *app) awaitApproval(ctx context.Context, c *client.Client, p client.Approval) error {
	for id, seen := p.ID, len(p.Signatures); len(p.Signatures) < p.Needed; {
		if err := a.pause(ctx, approvalPause); err != nil {
			return err
		}
		var err error
		p, err = c.Approval(ctx, id)
		if glovebox.KindOf(err) == glovebox.KindNotFound {
			return glovebox.Errorf(glovebox.KindApproval, "nobody signed the job in time").Try("ask again: submit it anew")
		}
		if err != nil {
			return err
		}
		for _, s := range p.Signatures[min(seen, len(p.Signatures)):] {
			fmt.Fprintf(a.stderr, "signed by %s\n", inert(s.By))
		}
		seen = len(p.Signatures)
	}
	return nil
}
