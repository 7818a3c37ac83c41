package main

import (
	"context"
	"encoding/json"
	"fmt"
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

// auditPause is how long --follow waits before it asks again.
const auditPause = 2 * time.Second

type auditFlags struct {
	filter       client.AuditFilter
	since, until string
	json, follow bool
}

func (a *app) auditCommand() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "audit", Short: "Show every grant, use and refusal of power", Args: noSuchCommand,
		Long: `Show every grant, use and refusal of power in your tenant, oldest first: those of
the last 24 hours, or --since another time. Admins may.

With --json, one event in JSON stands on each line.`,
		Example: "  glovebox audit --since all --action passkey.remove\n  glovebox audit --follow --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.audit(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.filter.Actor, "actor", "", "only by this one, such as person:per_…")
	fs.StringVar(&f.filter.Action, "action", "", "only this, such as job.submit")
	fs.StringVar(&f.filter.Target, "target", "", "only about the thing with this id")
	fs.StringVar(&f.since, "since", "24h", "only those since: a duration ago such as 1h, a time, RFC 3339, or all")
	fs.StringVar(&f.until, "until", "", "only those before, likewise")
	fs.BoolVar(&f.json, "json", false, "print JSON, one event a line")
	fs.BoolVarP(&f.follow, "follow", "f", false, "wait for more")
	fs.StringVar(&f.filter.Tenant, "tenant", "", "of another tenant (on the server's machine, as root)")
	cmd.AddCommand(a.auditVerifyCommand())
	return cmd
}

func (a *app) audit(ctx context.Context, f auditFlags) error {
	now := time.Now()
	var err error
	if f.since != "all" {
		if f.filter.Since, err = parseMoment("since", f.since, now); err != nil {
			return err
		}
	}
	if f.filter.Until, err = parseMoment("until", f.until, now); err != nil {
		return err
	}
	if f.follow && f.until != "" {
		return glovebox.Errorf(glovebox.KindUsage, "--follow waits for what comes, --until says it must be over").Try("leave one out")
	}
	c, err := a.auditClient(f.filter.Tenant)
	if err != nil {
		return err
	}
	defer c.Close()
	f.filter.PageSize = auditPage
	for {
		for e, err := range c.Audit(ctx, f.filter) {
			if err != nil {
				return err
			}
			if err := a.printEvent(e, f.json); err != nil {
				return err
			}
			f.filter.After = e.Seq
		}
		if !f.follow {
			return nil
		}
		if err := a.pause(ctx, auditPause); err != nil {
			return err
		}
	}
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
