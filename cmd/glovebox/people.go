package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"glovebox/client"
)

func (a *app) peopleCommand() *cobra.Command {
	var asJSON bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listPeople(cmd, asJSON) }
	cmd := &cobra.Command{
		Use: "people", Short: "List who is in your tenant, and change that in the browser", Args: noSuchCommand, RunE: list,
		Long: `List who is in your tenant. Inviting somebody, changing a role, and keeping
somebody out take a signature by your passkey, so they are done in the browser:
the commands for it print the page.`,
	}
	all := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List people", Args: takes(0, 0), RunE: list}
	for _, c := range []*cobra.Command{cmd, all} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	cmd.AddCommand(all,
		a.browserCommand("invite", "Invite somebody, in the browser", "inviting somebody", pageInvitations, 0),
		a.browserCommand("role [ID ROLE]", "Change somebody's role, in the browser", "changing a role", pagePeople, 2),
		a.browserCommand("disable [ID]", "Keep somebody out, in the browser", "disabling somebody", pagePeople, 1),
		a.browserCommand("enable [ID]", "Let somebody in again, in the browser", "enabling somebody", pagePeople, 1))
	return cmd
}

func (a *app) listPeople(cmd *cobra.Command, asJSON bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.People(cmd.Context())
	if err != nil {
		return err
	}
	return a.printPeople(all, asJSON)
}

func (a *app) printPeople(all []client.Person, asJSON bool) error {
	if asJSON {
		return printJSON(a.stdout, orEmpty(all))
	}
	var rows [][]string
	now := time.Now()
	for _, p := range all {
		state := "enabled"
		if p.Disabled {
			state = "disabled"
		}
		rows = append(rows, []string{p.ID, p.Name, p.Tenant, p.Role, state, fmt.Sprint(p.Passkeys), fmt.Sprint(p.RecoveryCodes), ago(p.CreatedAt, now)})
	}
	return printTable(a.stdout, []string{"PERSON", "NAME", "TENANT", "ROLE", "STATE", "PASSKEYS", "CODES", "JOINED"}, rows)
}
