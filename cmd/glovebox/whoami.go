package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"glovebox/client"
)

func (a *app) whoamiCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "whoami", Short: "Say who you are to the server, and what you may do", Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.target()
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			me, err := c.Me(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(a.stdout, me)
			}
			return a.printMe(t, me)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printMe(t target, me client.Me) error {
	lines := [][2]string{
		{"name", me.DisplayName}, {"known as", me.Name}, {"kind", me.Kind}, {"tenant", me.Tenant}, {"role", me.Role},
		{"server", t.context.URL + t.socket}, {"context", t.context.Name},
	}
	if s := me.Session; s != nil {
		lines = append(lines, [2]string{"session", s.ID}, [2]string{"until", s.Until.Local().Format("2006-01-02 15:04:05 MST")})
	}
	alone, signed := []string{}, []string{}
	for _, action := range me.Actions {
		if slices.Contains(me.NeedSignature, action) {
			signed = append(signed, action)
		} else {
			alone = append(alone, action)
		}
	}
	lines = append(lines, [2]string{"may", strings.Join(alone, " ")}, [2]string{"may, signing", strings.Join(signed, " ")})
	return a.printLines(lines)
}

// printLines writes one line for each thing that is known.
func (a *app) printLines(lines [][2]string) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		if l[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", l[0], inert(l[1]))
		}
	}
	return w.Flush()
}
