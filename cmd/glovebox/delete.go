package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) deleteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "delete JOB...", Short: "Remove archived jobs, with what they wrote", Args: takes(1, -1),
		Long: `Remove archived jobs: their records, output, artifacts and receipts. The id of each
job that was removed is printed. Without being asked that happens when the time
is over that "glovebox show" names. The audit log keeps what it has.

You may remove what you submitted; an admin may remove any job of the tenant.`,
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
					err = c.DeleteJob(cmd.Context(), id, 0)
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
