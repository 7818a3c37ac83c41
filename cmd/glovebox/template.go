package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"glovebox/client"
)

func (a *app) templateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "template", Short: "Say which images' jobs sandboxes are parked for", Args: noSuchCommand,
		Long: `Say which images' jobs sandboxes are parked for, besides those that any job can
take. What is parked, and what comes of it, is what glovebox pool shows. These
commands are for admins and for root of the server's machine.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.templateCreateCommand(), a.templateListCommand(), a.templateShowCommand(), a.templateRemoveCommand())
	return cmd
}

func (a *app) templateListCommand() *cobra.Command {
	var asJSON bool
	var tenant string
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the templates of your tenant", Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withClient(func(c *client.Client) error {
				all, err := c.Templates(cmd.Context(), tenant)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(a.stdout, orEmpty(all))
				}
				var rows [][]string
				for _, t := range all {
					rows = append(rows, []string{t.Name, t.Image, t.Interpreter, snapshotOf(t), fmt.Sprintf("%d–%d", t.Min, t.Max), t.CreatedBy})
				}
				return printTable(a.stdout, []string{"TEMPLATE", "IMAGE", "INTERPRETER", "SNAPSHOT", "LIMITS", "CREATED BY"}, rows)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	ofTenant(cmd, &tenant, "or * for those of all")
	return cmd
}

func (a *app) templateShowCommand() *cobra.Command {
	var asJSON bool
	var tenant string
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a template", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				t, err := c.Template(cmd.Context(), tenant, args[0])
				if err != nil {
					return err
				}
				return a.printTemplate(t, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	ofTenant(cmd, &tenant, "or * for anybody's")
	return cmd
}

func (a *app) templateRemoveCommand() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "remove NAME", Aliases: []string{"rm"}, Short: "Remove a template, and what is parked for it", Args: takes(1, 1),
		Long: `Remove a template. Nodes destroy what they have parked for it; jobs that took one
run on.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error { return c.RemoveTemplate(cmd.Context(), tenant, args[0]) })
		},
	}
	ofTenant(cmd, &tenant, "or * for anybody's")
	return cmd
}

func ofTenant(cmd *cobra.Command, tenant *string, or string) {
	cmd.Flags().StringVar(tenant, "tenant", "", "of another tenant, "+or+" (on the server's machine, as root)")
}

func (a *app) printTemplate(t client.Template, asJSON bool) error {
	if asJSON {
		return printJSON(a.stdout, t)
	}
	return a.printLines([][2]string{
		{"template", t.Name}, {"image", t.Image}, {"digest", t.Digest}, {"interpreter", t.Interpreter}, {"snapshot", snapshotOf(t)},
		{"parked", fmt.Sprintf("%d to %d on each node", t.Min, t.Max)},
		{"created", t.CreatedAt.Local().Format("2006-01-02 15:04:05 MST") + " by " + t.CreatedBy},
	})
}

// snapshotOf says what a template's sandboxes go on from; "" for nothing.
func snapshotOf(t client.Template) string {
	if t.Snapshot.Job == "" {
		return ""
	}
	return fmt.Sprintf("%s of job %s", humanSize(t.Snapshot.Bytes), t.Snapshot.Job)
}

// withClient calls do with a client of the server that the flags name.
func (a *app) withClient(do func(c *client.Client) error) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c)
}
