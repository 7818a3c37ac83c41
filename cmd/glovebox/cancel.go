package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cancel JOB...", Short: "Ask jobs to end", Args: takes(1, -1),
		Long: `Ask jobs to end: each command gets SIGTERM, and SIGKILL a few seconds later.
The id of each job that was asked is printed. A job that has ended already is
left as it is, without an error.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			var first error
			for _, arg := range args {
				id, err := jobID(cmd.Context(), c, arg)
				if err == nil {
					_, err = c.Cancel(cmd.Context(), id)
				}
				switch {
				case err == nil:
					fmt.Fprintln(a.stdout, id)
				case first == nil:
					first = err
				default:
					a.complain(err)
				}
			}
			return first
		},
	}
}
