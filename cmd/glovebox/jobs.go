package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) jobsCommand() *cobra.Command {
	var f jobsFlags
	cmd := &cobra.Command{
		Use: "jobs", Short: "List jobs, the newest first", Args: takes(0, 0),
		Example: "  glovebox jobs --status failed --label team=red\n  glovebox cancel $(glovebox jobs -q --status running)",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.jobs(cmd, f) },
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&f.status, "status", nil, "only these: pending, provisioning, running, completed, failed, cancelled, archived")
	fs.StringArrayVarP(&f.label, "label", "l", nil, "only with this label, KEY=VALUE; may be repeated")
	fs.IntVarP(&f.limit, "limit", "n", 20, "at most so many; 0 means all")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print only ids")
	fs.BoolVar(&f.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("quiet", "json")
	return cmd
}

type jobsFlags struct {
	status, label []string
	limit         int
	quiet, json   bool
}

func (a *app) jobs(cmd *cobra.Command, f jobsFlags) error {
	wanted, err := parseStatuses(f.status)
	if err != nil {
		return err
	}
	labels, err := parseLabels(f.label)
	if err != nil {
		return err
	}
	if f.limit < 0 {
		return glovebox.Errorf(glovebox.KindUsage, "--limit cannot be negative")
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	jobs := []client.JobSummary{}
	filter := client.Filter{Statuses: stored(wanted), Labels: labels, PageSize: min(f.limit, 1000)}
	for j, err := range c.List(cmd.Context(), filter) {
		if err != nil {
			return err
		}
		if len(wanted) > 0 && !slices.Contains(wanted, j.Status) && !slices.Contains(wanted, j.Outcome) {
			continue
		}
		if jobs = append(jobs, j); len(jobs) == f.limit {
			break
		}
	}
	return a.printJobs(jobs, f)
}

func (a *app) printJobs(jobs []client.JobSummary, f jobsFlags) error {
	switch {
	case f.json:
		return printJSON(a.stdout, jobs)
	case f.quiet:
		for _, j := range jobs {
			if _, err := fmt.Fprintln(a.stdout, j.ID); err != nil {
				return err
			}
		}
		return nil
	}
	var rows [][]string
	now := time.Now()
	for _, j := range jobs {
		rows = append(rows, []string{
			j.ID, outcomeOf(j), cut(j.Image, 40), cut(strings.Join(j.Command, " "), 40),
			ago(j.CreatedAt, now), took(j.StartedAt, j.EndedAt, now),
		})
	}
	return printTable(a.stdout, []string{"JOB", "STATUS", "IMAGE", "COMMAND", "CREATED", "RAN"}, rows)
}

// outcomeOf says in a word or two where a job stands. That it is archived
// matters less to people than how it ended.
func outcomeOf(j client.JobSummary) string {
	s := j.Status
	if s == glovebox.StatusArchived && j.Outcome != "" {
		s = j.Outcome
	}
	switch {
	case s == glovebox.StatusFailed && j.Reason != "":
		return fmt.Sprintf("%s (%s)", s, j.Reason)
	case s == glovebox.StatusCompleted && j.ExitCode != nil:
		return fmt.Sprintf("%s (%d)", s, *j.ExitCode)
	}
	return string(s)
}

func took(start, end, now time.Time) string {
	switch {
	case start.IsZero():
		return ""
	case end.IsZero():
		return brief(now.Sub(start))
	}
	return brief(end.Sub(start))
}

func parseStatuses(names []string) ([]glovebox.Status, error) {
	var all []glovebox.Status
	for _, n := range names {
		s := glovebox.Status(strings.ToUpper(n))
		if !slices.Contains(glovebox.Statuses(), s) {
			return nil, glovebox.Errorf(glovebox.KindUsage, "there is no status %q", n).
				Try("use pending, provisioning, running, completed, failed, cancelled or archived")
		}
		all = append(all, s)
	}
	return all, nil
}

// stored adds what a wanted end may have become: a job that completed is
// archived soon after.
func stored(wanted []glovebox.Status) []glovebox.Status {
	all := slices.Clone(wanted)
	if slices.ContainsFunc(wanted, glovebox.Status.Ended) && !slices.Contains(all, glovebox.StatusArchived) {
		all = append(all, glovebox.StatusArchived)
	}
	return all
}
