package main

import (
	"time"

	"github.com/spf13/cobra"
)

func (a *app) invitationsCommand() *cobra.Command {
	var asJSON bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listInvitations(cmd, asJSON) }
	cmd := &cobra.Command{Use: "invitations", Short: "List open invitations, and revoke them", Args: noSuchCommand, RunE: list}
	all := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List open invitations", Args: takes(0, 0), RunE: list}
	for _, c := range []*cobra.Command{cmd, all} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	cmd.AddCommand(all, &cobra.Command{
		Use: "revoke ID...", Short: "Make invitations worthless", Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			return eachID(a, ids, func(id string) error { return c.Revoke(cmd.Context(), id) })
		},
	})
	return cmd
}

func (a *app) listInvitations(cmd *cobra.Command, asJSON bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Invitations(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, orEmpty(all))
	}
	var rows [][]string
	now := time.Now()
	for _, l := range all {
		rows = append(rows, []string{l.ID, l.Name, l.Role, l.By, ago(l.CreatedAt, now), l.Until.Local().Format("2006-01-02 15:04")})
	}
	return printTable(a.stdout, []string{"INVITATION", "NAME", "ROLE", "BY", "MADE", "UNTIL"}, rows)
}
