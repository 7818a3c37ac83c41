package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

// auditPage is how many events to ask for at one time.
const auditPage = 1000

// auditTail is how many events are shown if nothing says which, and auditMost
// how many of the newest can be: they are turned round in memory.
const (
	auditTail = 100
	auditMost = 10_000
)

// auditPause is how long --follow waits before it asks again.
const auditPause = 2 * time.Second

type auditFlags struct {
	filter       client.AuditFilter
	since, until string
	limit        int // of the newest; 0 = all that the filter lets through
	json, follow bool
}

func (a *app) auditCommand() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "audit", Short: "Show every grant, use and refusal of power", Args: noSuchCommand,
		Long: `Show every grant, use and refusal of power in your tenant: the newest 100, or as
many as --limit says, or all --since a time. The oldest of them stands first, the
newest at the end. Admins may.

With --json, one event in JSON stands on each line.`,
		Example: "  glovebox audit --since all --action passkey.remove\n  glovebox audit --limit 10 --follow --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.settle(cmd.Flags().Changed("limit"), time.Now()); err != nil {
				return err
			}
			return a.audit(cmd.Context(), f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.filter.Actor, "actor", "", "only by this one, such as person:per_…")
	fs.StringVar(&f.filter.Action, "action", "", "only this, such as job.submit")
	fs.StringVar(&f.filter.Target, "target", "", "only about the thing with this id")
	fs.StringVar(&f.since, "since", "", "only those since: a duration ago such as 1h, a time, RFC 3339, or all")
	fs.StringVar(&f.until, "until", "", "only those before, likewise")
	fs.IntVarP(&f.limit, "limit", "n", 0, "only the newest N of them, 1 to 10000 (100 without --since)")
	fs.BoolVar(&f.json, "json", false, "print JSON, one event a line")
	fs.BoolVarP(&f.follow, "follow", "f", false, "wait for more")
	fs.StringVar(&f.filter.Tenant, "tenant", "", "of another tenant, or * for all (on the server's machine, as root)")
	cmd.AddCommand(a.auditVerifyCommand())
	return cmd
}

// settle turns what was typed into a filter.
func (f *auditFlags) settle(limited bool, now time.Time) error {
	if limited && (f.limit < 1 || f.limit > auditMost) {
		return glovebox.Errorf(glovebox.KindUsage, "--limit cannot be %d", f.limit).Try("give 1 to %d, or --since for more", auditMost)
	}
	if f.follow && f.until != "" {
		return glovebox.Errorf(glovebox.KindUsage, "--follow waits for what comes, --until says it must be over").Try("leave one out")
	}
	every := f.filter.Tenant == glovebox.AnyTenant
	switch {
	case every && (limited || f.follow):
		return glovebox.Errorf(glovebox.KindUsage, "--limit and --follow are for the events of one tenant").Try("name it with --tenant")
	case every && f.since == "":
		f.since = "24h" // tenants have no newest events together
	case f.since == "" && !limited:
		f.limit = auditTail
	}
	var err error
	if f.since != "all" {
		if f.filter.Since, err = parseMoment("since", f.since, now); err != nil {
			return err
		}
	}
	f.filter.Until, err = parseMoment("until", f.until, now)
	return err
}

func (a *app) audit(ctx context.Context, f auditFlags) error {
	c, err := a.auditClient(f.filter.Tenant)
	if err != nil {
		return err
	}
	defer c.Close()
	filter := f.filter
	filter.PageSize = auditPage
	var end int64
	if f.follow {
		// Whatever comes after this one is new, even if none before it is shown.
		if end, err = auditEnd(ctx, c, filter.Tenant); err != nil {
			return err
		}
	}
	events := c.Audit(ctx, filter)
	if f.limit > 0 {
		events = newest(ctx, c, filter, f.limit)
	}
	last, err := a.printEvents(events, f.json)
	for err == nil && f.follow {
		filter.After = max(filter.After, end, last)
		if err = a.pause(ctx, auditPause); err == nil {
			last, err = a.printEvents(c.Audit(ctx, filter), f.json)
		}
	}
	return err
}

// auditEnd is the newest event's number, 0 if there is none.
func auditEnd(ctx context.Context, c *client.Client, tenant string) (int64, error) {
	events, _, err := c.AuditPage(ctx, client.AuditFilter{Tenant: tenant, Newest: true, PageSize: 1})
	if err != nil || len(events) == 0 {
		return 0, err
	}
	return events[0].Seq, nil
}

// newest goes through the last so many events, the oldest of them first.
func newest(ctx context.Context, c *client.Client, filter client.AuditFilter, limit int) iter.Seq2[glovebox.AuditEvent, error] {
	filter.Newest, filter.PageSize = true, min(limit, auditPage)
	return func(yield func(glovebox.AuditEvent, error) bool) {
		var found []glovebox.AuditEvent
		for e, err := range c.Audit(ctx, filter) {
			if err != nil {
				yield(e, err)
				return
			}
			if found = append(found, e); len(found) == limit {
				break
			}
		}
		for _, e := range slices.Backward(found) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// printEvents writes events and returns the number of the last one.
func (a *app) printEvents(events iter.Seq2[glovebox.AuditEvent, error], asJSON bool) (last int64, err error) {
	for e, err := range events {
		if err == nil {
			err = a.printEvent(e, asJSON)
		}
		if err != nil {
			return last, err
		}
		last = e.Seq
	}
	return last, nil
}

// auditClient is a client of the server; other tenants' events are for the host.
func (a *app) auditClient(tenant string) (*client.Client, error) {
	if tenant != "" {
		return a.hostClient()
	}
	return a.client()
}

// printEvent writes one event on one line.
func (a *app) printEvent(e glovebox.AuditEvent, asJSON bool) error {
	if asJSON {
		b, err := json.Marshal(e)
		if err != nil {
			return glovebox.Errorf(glovebox.KindInternal, "write JSON: %w", err)
		}
		_, err = fmt.Fprintf(a.stdout, "%s\n", b)
		return err
	}
	outcome := "done"
	if !e.OK {
		outcome = "REFUSED"
		if e.Kind != "" {
			outcome += " (" + string(e.Kind) + ")"
		}
	}
	words := []string{fmt.Sprint(e.Seq), e.At.Local().Format("2006-01-02T15:04:05.000Z07:00"), orDash(e.Actor), e.Action, orDash(e.Target), outcome}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		words = append(words, name+"="+e.Detail[name])
	}
	_, err := fmt.Fprintln(a.stdout, inert(strings.Join(words, "  ")))
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
