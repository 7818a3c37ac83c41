package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
)

func (a *app) sessionsCommand() *cobra.Command {
	var asJSON, every bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listSessions(cmd, asJSON) }
	cmd := &cobra.Command{Use: "sessions", Short: "List where you are logged in, and log out there", Args: noSuchCommand, RunE: list}
	all := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List your sessions", Args: takes(0, 0), RunE: list}
	for _, c := range []*cobra.Command{cmd, all} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	end := &cobra.Command{
		Use: "end [ID...]", Short: "End sessions, from their next request on", Args: takes(0, -1),
		Long: `End sessions of yours, from their next request on; their open streams are cut.
The ids of those that were ended are printed. With --all, every one ends, the
one of this command too.`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if every == (len(ids) > 0) {
				return glovebox.Errorf(glovebox.KindUsage, "which sessions?").Try("give ids of glovebox sessions, or --all")
			}
			return a.endSessions(cmd, ids)
		},
	}
	end.Flags().BoolVar(&every, "all", false, "end every session, this one too")
	cmd.AddCommand(all, end)
	return cmd
}

func (a *app) listSessions(cmd *cobra.Command, asJSON bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Sessions(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, orEmpty(all))
	}
	var rows [][]string
	now := time.Now()
	for _, s := range all {
		mark := " "
		if s.Current {
			mark = "*"
		}
		rows = append(rows, []string{mark, s.ID, s.Kind, s.Name, ago(s.CreatedAt, now), s.Until.Local().Format("2006-01-02 15:04")})
	}
	return printTable(a.stdout, []string{" ", "SESSION", "KIND", "NAME", "OPENED", "UNTIL"}, rows)
}

// endSessions ends those with these ids, or all if there are none.
func (a *app) endSessions(cmd *cobra.Command, ids []string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	if len(ids) == 0 {
		if err := c.EndAllSessions(cmd.Context()); err != nil {
			return err
		}
		fmt.Fprintln(a.stderr, "every session is over, this one too")
		return nil
	}
	return eachID(a, ids, func(id string) error { return c.EndSession(cmd.Context(), id) })
}

// eachID does something to each, prints the ids of those it was done to, and
// returns the first error.
func eachID(a *app, ids []string, do func(id string) error) error {
	var first error
	for _, id := range ids {
		err := do(id)
		switch {
		case err == nil:
			fmt.Fprintln(a.stdout, inert(id))
		case first == nil:
			first = err
		default:
			a.complain(err)
		}
	}
	return first
}

// orEmpty is a list for JSON: an empty one, not null.
func orEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
