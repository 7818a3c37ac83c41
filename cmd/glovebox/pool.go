package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) poolCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "pool", Short: "Show the sandboxes that wait for jobs, and what comes of them", Args: takes(0, 0),
		Long: `Show the sandboxes that nodes have started ahead of time, and how many jobs were
started from them. A job that finds none starts cold: slower, and otherwise the
same. Jobs start cold because there was none (empty), because the last ones were
kept for tenants that had taken less (unfair), because what was parked could not
be used (failed), or because no pool is kept (off).

CLAIM is from taking one to the job's command being started. REFILL is what it
takes to make one: time, and CPU time where that is known. The counts are those
since the node's agent was started, of all tenants together; they are for admins
and for root of the server's machine.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			all, err := c.Pools(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(a.stdout, orEmpty(all))
			}
			return printTable(a.stdout, poolHead, poolRows(all, time.Now()))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

var poolHead = []string{"NODE", "TEMPLATE", "PARKED", "MAKING", "TARGET", "LIMITS", "OLDEST", "MEMORY", "HITS", "EMPTY", "UNFAIR", "FAILED", "OFF", "CLAIM P50/P95", "REFILL"}

func poolRows(all []client.Pool, now time.Time) (rows [][]string) {
	for _, p := range all {
		count, oldest := map[string]int{}, time.Time{}
		for _, s := range p.Slots {
			if count[s.State]++; s.State == "parked" && (oldest.IsZero() || s.Since.Before(oldest)) {
				oldest = s.Since
			}
		}
		memory := ""
		if n := count["parked"]; n > 0 {
			memory = humanSize(p.Memory * int64(n))
		}
		rows = append(rows, []string{
			p.Node, p.Template, fmt.Sprint(count["parked"]), fmt.Sprint(count["making"]), fmt.Sprint(p.Target),
			fmt.Sprintf("%d–%d", p.Floor, p.Ceiling), ago(oldest, now), memory, fmt.Sprint(p.Hits),
			fmt.Sprint(p.Misses.Empty), fmt.Sprint(p.Misses.Unfair), fmt.Sprint(p.Misses.Failed), fmt.Sprint(p.Misses.Off),
			pair(p.ClaimP50, p.ClaimP95, "/", ""), pair(p.RefillWall, p.RefillCPU, ", ", " CPU"),
		})
	}
	return rows
}

// pair writes one or two short times, "" if there is none.
func pair(a, b glovebox.Duration, between, after string) string {
	switch {
	case a == 0:
		return ""
	case b == 0:
		return short(a)
	}
	return short(a) + between + short(b) + after
}

// short writes milliseconds so that tenths of them tell.
func short(d glovebox.Duration) string {
	return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
}

// startedFrom says how a job was started, for people.
func startedFrom(where, template string) string {
	switch {
	case where != glovebox.FromPool:
		return where
	case template == "":
		return "a parked sandbox"
	}
	return "a parked sandbox, " + template
}
