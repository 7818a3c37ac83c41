package main

import (
	"time"

	"github.com/spf13/cobra"
)

// The console's pages for what takes a signature.
const (
	pagePasskeys    = "/#passkeys"
	pagePeople      = "/#people"
	pageInvitations = "/#invitations"
	pageRules       = "/#rules"
)

func (a *app) passkeysCommand() *cobra.Command {
	var asJSON bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listPasskeys(cmd, asJSON) }
	cmd := &cobra.Command{
		Use: "passkeys", Short: "List your passkeys, and name them", Args: noSuchCommand, RunE: list,
		Long: `List your passkeys, and name them. Adding and removing one takes a signature by a
passkey that you have, so it is done in the browser: the commands for it print
the page.`,
	}
	all := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List your passkeys", Args: takes(0, 0), RunE: list}
	for _, c := range []*cobra.Command{cmd, all} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	cmd.AddCommand(all, &cobra.Command{
		Use: "rename ID NAME", Short: "Call a passkey something else", Args: takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			return c.RenamePasskey(cmd.Context(), args[0], args[1])
		},
	},
		a.browserCommand("add", "Add a passkey, in the browser", "adding a passkey", pagePasskeys, 0),
		a.browserCommand("rm ID", "Remove a passkey, in the browser", "removing a passkey", pagePasskeys, 1))
	return cmd
}

// browserCommand is one that takes a signature, so it shows where to do it.
func (a *app) browserCommand(use, short, what, page string, args int) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: takes(0, args),
		Long: short + ".\n\nIt takes a signature by your passkey, which a terminal cannot give. The URL of\nthe console's page is printed, and the page opened if there is a screen; the\nexit code says that nothing has been done yet.",
		RunE: func(*cobra.Command, []string) error { return a.inBrowser(what, page) },
	}
}

func (a *app) listPasskeys(cmd *cobra.Command, asJSON bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Passkeys(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, orEmpty(all))
	}
	var rows [][]string
	now := time.Now()
	for _, p := range all {
		state := "usable"
		if p.Disabled != "" {
			state = "disabled: " + p.Disabled
		}
		rows = append(rows, []string{p.ID, p.Name, state, yesNo(p.Synced), ago(p.CreatedAt, now), ago(p.UsedAt, now)})
	}
	return printTable(a.stdout, []string{"PASSKEY", "NAME", "STATE", "SYNCED", "ADDED", "USED"}, rows)
}
