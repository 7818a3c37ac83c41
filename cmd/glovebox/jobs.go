package main

import (
	"cmp"
	"context"
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
		Example: "  glovebox jobs --status failed --label team=red\n  glovebox jobs -q --status running | xargs -r glovebox cancel",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.jobs(cmd, f) },
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&f.status, "status", nil, "only these: pending, provisioning, running, completed, failed, cancelled, archived")
	fs.StringArrayVarP(&f.label, "label", "l", nil, "only with this label, KEY=VALUE; may be repeated")
	fs.StringVar(&f.since, "since", "", "only those submitted since: a duration ago such as 1h, or a time, RFC 3339")
	fs.StringVar(&f.until, "until", "", "only those submitted before, likewise")
	fs.IntVarP(&f.limit, "limit", "n", 20, "at most so many; 0 means all")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print only ids")
	fs.BoolVar(&f.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("quiet", "json")
	return cmd
}

type jobsFlags struct {
	status, label []string
	since, until  string
	limit         int
	quiet, json   bool
}

func (a *app) jobs(cmd *cobra.Command, f jobsFlags) error {
	filters, err := f.filters(time.Now())
	if err != nil {
		return err
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	var jobs []client.JobSummary
	for _, filter := range filters {
		more, err := listJobs(cmd.Context(), c, filter, f.limit)
		if err != nil {
			return err
		}
		jobs = mergeJobs(jobs, more)
	}
	if f.limit > 0 && len(jobs) > f.limit {
		jobs = jobs[:f.limit]
	}
	return a.printJobs(jobs, f)
}

// filters are the lists to ask for. Where a job stands and how it ended are
// two questions, so --status running,failed takes two lists. The one of those
// that stand somewhere comes first: a job that ends meanwhile is in the other.
func (f jobsFlags) filters(now time.Time) ([]client.Filter, error) {
	stand, ended, err := parseStatuses(f.status)
	if err != nil {
		return nil, err
	}
	labels, err := parseLabels(f.label)
	if err != nil {
		return nil, err
	}
	if f.limit < 0 {
		return nil, glovebox.Errorf(glovebox.KindUsage, "--limit cannot be negative")
	}
	since, err := parseMoment("since", f.since, now)
	if err != nil {
		return nil, err
	}
	until, err := parseMoment("until", f.until, now)
	if err != nil {
		return nil, err
	}
	filter := client.Filter{Labels: labels, Since: since, Until: until, PageSize: min(f.limit, 1000)}
	var all []client.Filter
	if len(stand) > 0 || len(ended) == 0 {
		all = append(all, filter)
		all[0].Statuses = stand
	}
	if len(ended) > 0 {
		filter.Outcomes = ended
		all = append(all, filter)
	}
	return all, nil
}

// listJobs returns the first jobs of a list; a limit of 0 means all.
func listJobs(ctx context.Context, c *client.Client, filter client.Filter, limit int) ([]client.JobSummary, error) {
	jobs := []client.JobSummary{}
	for j, err := range c.List(ctx, filter) {
		if err != nil {
			return nil, err
		}
		if jobs = append(jobs, j); len(jobs) == limit {
			break
		}
	}
	return jobs, nil
}

// mergeJobs makes one list of two, in the API's order. Of a job that is in
// both, what was read later stays.
func mergeJobs(earlier, later []client.JobSummary) []client.JobSummary {
	if len(earlier) == 0 {
		return later
	}
	all := append(slices.Clone(later), earlier...)
	slices.SortStableFunc(all, func(a, b client.JobSummary) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
	})
	return slices.CompactFunc(all, func(a, b client.JobSummary) bool { return a.ID == b.ID })
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

// parseStatuses tells where jobs stand from the ends they came to. Archived is
// no end: it says nothing of how a job went.
func parseStatuses(names []string) (stand, ended []glovebox.Status, err error) {
	for _, n := range names {
		s := glovebox.Status(strings.ToUpper(n))
		switch {
		case !slices.Contains(glovebox.Statuses(), s):
			return nil, nil, glovebox.Errorf(glovebox.KindUsage, "there is no status %q", n).
				Try("use pending, provisioning, running, completed, failed, cancelled or archived")
		case s.Ended() && s != glovebox.StatusArchived:
			ended = append(ended, s)
		default:
			stand = append(stand, s)
		}
	}
	return stand, ended, nil
}

// parseMoment reads how long ago something was, or when. No text, no moment.
func parseMoment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, glovebox.Errorf(glovebox.KindUsage, "--%s cannot be %q", flag, text).
			Try("give a duration ago such as 1h, or a time such as 2026-01-31T12:00:00Z")
	}
	return t, nil
}
