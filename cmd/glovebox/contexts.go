package main

import (
	"cmp"
	"slices"

	"github.com/spf13/cobra"

	"glovebox/internal/contexts"
)

func (a *app) contextsCommand() *cobra.Command {
	var asJSON bool
	list := func(*cobra.Command, []string) error { return a.listContexts(asJSON) }
	cmd := &cobra.Command{
		Use: "contexts", Short: "List the servers you are logged in to, and choose one", Args: noSuchCommand,
		Long: `List the servers that you have logged in to. A command goes to, in this order:

  the instance at --data; the context of --context; the instance at
  $GLOVEBOX_DATA; the server at $GLOVEBOX_URL for a CI job (see glovebox token
  exchange --help); the context of $GLOVEBOX_CONTEXT; the current context; and
  else to the instance of this machine, at its socket.`,
		RunE: list,
	}
	all := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List contexts", Args: takes(0, 0), RunE: list}
	for _, c := range []*cobra.Command{cmd, all} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	cmd.AddCommand(all, &cobra.Command{
		Use: "use NAME", Short: "Make a context the current one", Args: takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeContexts(func(all *contexts.Contexts) error { return all.Use(args[0]) })
		},
	}, &cobra.Command{
		Use: "rm NAME", Aliases: []string{"remove"}, Short: "Forget a context and its key", Args: takes(1, 1),
		Long: `Forget a context and its key. Its session, which is of no use without the key,
ends by itself; glovebox logout ends it at once.`,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeContexts(func(all *contexts.Contexts) error { return all.Remove(args[0]) })
		},
	})
	return cmd
}

func (a *app) changeContexts(change func(*contexts.Contexts) error) error {
	path, err := contexts.Path(a.getenv)
	if err != nil {
		return err
	}
	return contexts.Update(path, change)
}

// shownContext is a context without its key.
type shownContext struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Current  bool   `json:"current"`
	LoggedIn bool   `json:"loggedIn"`
	Tenant   string `json:"tenant,omitempty"`
	Person   string `json:"person,omitempty"`
	Session  string `json:"session,omitempty"`
	OwnCA    bool   `json:"ownCA,omitempty"`
}

func (a *app) listContexts(asJSON bool) error {
	path, err := contexts.Path(a.getenv)
	if err != nil {
		return err
	}
	all, err := contexts.Load(path)
	if err != nil {
		return err
	}
	slices.SortFunc(all.All, func(x, y contexts.Context) int { return cmp.Compare(x.Name, y.Name) })
	shown, rows := []shownContext{}, [][]string{}
	for _, c := range all.All {
		s := shownContext{Name: c.Name, URL: c.URL, Current: c.Name == all.Current, LoggedIn: c.Session != "",
			Tenant: c.Tenant, Person: c.Person, Session: c.Session, OwnCA: c.CA != ""}
		current := " "
		if s.Current {
			current = "*"
		}
		shown = append(shown, s)
		rows = append(rows, []string{current, s.Name, s.URL, s.Tenant, s.Person, yesNo(s.LoggedIn)})
	}
	if asJSON {
		return printJSON(a.stdout, shown)
	}
	return printTable(a.stdout, []string{" ", "CONTEXT", "SERVER", "TENANT", "PERSON", "SESSION"}, rows)
}

func yesNo(yes bool) string { return map[bool]string{true: "yes", false: "no"}[yes] }
