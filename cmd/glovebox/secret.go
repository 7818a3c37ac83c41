package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"glovebox/client"
)

func (a *app) secretCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "secret", Short: "Keep what jobs need and nobody may read", Args: noSuchCommand,
		Long: `Keep what jobs need and nobody may read: keys of services, passwords, tokens. A
job gets one if its policy names it, as a file in memory at /run/secrets/NAME or,
without it ever entering the sandbox, in a header of its requests to one domain.
No command shows a value. To set and remove secrets is for admins, who sign it in
the browser, and for root of the server's machine; developers may list them.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.secretSetCommand(), a.secretListCommand(), a.secretRemoveCommand(), a.secretRotateCommand())
	return cmd
}

func (a *app) secretSetCommand() *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use: "set NAME [--from-file FILE]", Short: "Give a secret a value, read from stdin or a file", Args: takes(1, 1),
		Long: `Give a secret a value, which is read from stdin, without one newline at its end,
or as it is from a file. It is never an argument: those are for every user of the
machine to see.

With --domain, which may be repeated, the secret can be sent to these domains
alone, whatever a policy says, and is not given to jobs as a file. A secret that
has domains keeps them with its next value, unless --domain names others or
--any-domain takes them away. Jobs that run already keep the value that they have.

An admin signs the change with a passkey, in the browser: the name, the domains
and a hash of the value, which itself is sent once the signature is there.`,
		Example: "  glovebox secret set STRIPE_KEY --domain api.stripe.com < key.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error { return a.setSecret(cmd.Context(), c, args[0], f) })
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.file, "from-file", "", "read the value from a file, as it is")
	fs.StringSliceVar(&f.domains, "domain", nil, "that it may be sent to, and nowhere else")
	fs.BoolVar(&f.any, "any-domain", false, "a policy says where it goes")
	return cmd
}

func (a *app) secretListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the secrets of your tenant, without their values", Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withClient(func(c *client.Client) error {
				all, err := c.Secrets(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(a.stdout, orEmpty(all))
				}
				var rows [][]string
				for _, s := range all {
					rows = append(rows, []string{s.Name, fmt.Sprint(s.Version), orAny(s.Domains), s.UpdatedAt.Local().Format("2006-01-02 15:04:05"), s.UpdatedBy})
				}
				return printTable(a.stdout, []string{"SECRET", "VERSION", "DOMAINS", "SET", "BY"}, rows)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func orAny(domains []string) string {
	if len(domains) == 0 {
		return "any"
	}
	return strings.Join(domains, " ")
}

func (a *app) secretRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Aliases: []string{"rm"}, Short: "Remove a secret", Args: takes(1, 1),
		Long: `Remove a secret. Jobs that run already keep it, and those that wait for a place
fail; so revoke it where it came from, too.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				return a.removeSecret(cmd.Context(), c, args[0])
			})
		},
	}
}

func (a *app) secretRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "Seal the secrets of all tenants with a new key", Args: takes(0, 0),
		Long: `Make a new key and seal the secrets of all tenants with it; for root of the
server's machine. The keys are in control/secret.keys of the data folder, the
newest last. Old ones are kept, as backups of the store may need them; take their
lines out of the file, while the server is stopped, once nothing does.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withClient(func(c *client.Client) error {
				r, err := c.RotateSecrets(cmd.Context())
				if err != nil {
					return err
				}
				return a.printLines([][2]string{{"key", r.Key}, {"resealed", fmt.Sprint(r.Resealed)}})
			})
		},
	}
}
