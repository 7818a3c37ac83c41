package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) adminCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "admin", Short: "Let the first admin in (on the server's machine, as root)", Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var tenant string
	var asJSON bool
	link := &cobra.Command{
		Use: "link", Short: "Print the one-time link for a tenant's first admin", Args: takes(0, 0),
		Long: `Print a link with which a tenant's first admin registers a passkey. It is good
once, for 15 minutes, and only while the tenant has no admin. Whoever opens it
becomes the admin, so give it to nobody else.

It is made at the socket of this machine's instance, by root.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.hostLink(cmd, client.HostLinkRequest{Purpose: "first_admin", Tenant: tenant}, asJSON)
		},
	}
	link.Flags().StringVar(&tenant, "tenant", "", "whose admin (default local)")
	link.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(link)
	return cmd
}

func (a *app) recoverCommand() *cobra.Command {
	var list, asJSON bool
	cmd := &cobra.Command{
		Use: "recover [PERSON]", Short: "Let somebody in who lost all passkeys (on the server's machine, as root)", Args: takes(0, 1),
		Long: `Print a link with which somebody who lost every passkey registers a new one. It
is good once and for a short time; using it ends all their sessions. PERSON is an
id of --list.

It is made at the socket of this machine's instance, by root, who has to know
that it is the right person who asks.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case list == (len(args) > 0):
				return glovebox.Errorf(glovebox.KindUsage, "who lost their passkeys?").Try("give an id; see glovebox recover --list")
			case list:
				return a.hostPeople(cmd, asJSON)
			}
			return a.hostLink(cmd, client.HostLinkRequest{Purpose: "recover", Person: args[0]}, asJSON)
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "list everybody of every tenant")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) hostPeople(cmd *cobra.Command, asJSON bool) error {
	c, err := a.hostClient()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.HostPeople(cmd.Context())
	if err != nil {
		return err
	}
	return a.printPeople(all, asJSON)
}

// hostLink prints a link's URL alone on stdout.
func (a *app) hostLink(cmd *cobra.Command, r client.HostLinkRequest, asJSON bool) error {
	c, err := a.hostClient()
	if err != nil {
		return err
	}
	defer c.Close()
	l, err := c.HostLink(cmd.Context(), r)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, l)
	}
	who := "the first admin of tenant " + l.Link.Tenant
	if l.Link.Name != "" {
		who = l.Link.Name
	}
	fmt.Fprintf(a.stderr, "for %s alone, once, until %s:\n", inert(who), l.Link.Until.Local().Format("15:04:05 MST"))
	_, err = fmt.Fprintln(a.stdout, l.URL)
	return err
}
