package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/internal/contexts"
)

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "End the session of a context, and forget its key", Args: takes(0, 0),
		Long: `End the session of the current context, or of --context, on the server, and
forget its private key here. The context itself stays, to log in again with
glovebox login.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.target()
			if err != nil {
				return err
			}
			if t.context.Name == "" {
				return glovebox.Errorf(glovebox.KindUsage, "there is no session to end").Try("choose a context with --context; see glovebox contexts")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			ended := c.Logout(cmd.Context())
			if glovebox.KindOf(ended) == glovebox.KindUnauthorized {
				ended = nil // it was over
			}
			if err := a.forgetKey(t.context); err != nil {
				return err
			}
			if ended != nil {
				return glovebox.Errorf(glovebox.KindOf(ended), "the key is forgotten, but the server was not told: %w", ended).
					Try("without its key the session is of no use; it ends by itself within 12 hours")
			}
			fmt.Fprintf(a.stderr, "logged out of %s\n", t.context.URL)
			return nil
		},
	}
}

// forgetKey removes a context's session, unless it has a newer one by now.
func (a *app) forgetKey(old contexts.Context) error {
	path, err := contexts.Path(a.getenv)
	if err != nil {
		return err
	}
	return contexts.Update(path, func(all *contexts.Contexts) error {
		one, err := all.Find(old.Name)
		if err == nil && one.Session == old.Session {
			one.Session, one.Key, one.Person = "", "", ""
			all.Put(one)
		}
		return nil
	})
}
