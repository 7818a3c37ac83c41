package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) tenantCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tenant", Short: "Show what your tenant may take; set it on the server's machine", Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.tenantShowCommand(), a.tenantListCommand(), a.tenantSetCommand())
	return cmd
}

func (a *app) tenantShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show [TENANT]", Short: "Show your tenant's quota and what of it is in use", Args: takes(0, 1),
		Long: `Show your tenant's quota and what of it is in use. With TENANT, on the server's
machine and as root, any tenant's settings.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.showHostTenant(cmd, args[0], asJSON)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			t, err := c.Tenant(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(a.stdout, t)
			}
			return a.printTenant(t)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printTenant(t client.TenantUsage) error {
	if err := a.printLines(settingLines(t.Tenant)); err != nil {
		return err
	}
	q, u := t.Tenant.Quota, t.Usage
	fmt.Fprintln(a.stdout)
	return printTable(a.stdout, []string{"QUOTA", "IN USE", "AT MOST"}, [][]string{
		{"concurrent jobs", fmt.Sprint(u.ConcurrentJobs), fmt.Sprint(q.ConcurrentJobs)},
		{"queued jobs", fmt.Sprint(u.QueuedJobs), fmt.Sprint(q.QueuedJobs)},
		{"cpus", fmt.Sprint(u.CPUs), fmt.Sprint(q.CPUs)},
		{"memory", humanSize(u.Memory), humanSize(q.Memory)},
		{"output kept", humanSize(u.OutputBytes), humanSize(q.OutputBytes)},
		{"artifacts kept", humanSize(u.ArtifactBytes), humanSize(q.ArtifactBytes)},
	})
}

func settingLines(t client.Tenant) [][2]string {
	signed := "by one person"
	if t.TwoPerson {
		signed = "by two persons"
	}
	return [][2]string{{"tenant", t.ID}, {"name", t.Name}, {"runtimes", strings.Join(t.Runtimes, " ")}, {"jobs kept for", keptFor(time.Duration(t.Retention))}, {"anything else", "signed " + signed}}
}

func (a *app) showHostTenant(cmd *cobra.Command, id string, asJSON bool) error {
	c, err := a.hostClient()
	if err != nil {
		return err
	}
	defer c.Close()
	t, _, err := c.HostTenant(cmd.Context(), id)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, t)
	}
	return a.printTenants([]client.Tenant{t}, false)
}

func (a *app) tenantListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the tenants that have settings (on the server's machine, as root)", Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.hostClient()
			if err != nil {
				return err
			}
			defer c.Close()
			var all []client.Tenant
			for t, err := range c.HostTenants(cmd.Context()) {
				if err != nil {
					return err
				}
				all = append(all, t)
			}
			return a.printTenants(all, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printTenants(all []client.Tenant, asJSON bool) error {
	if asJSON {
		return printJSON(a.stdout, orEmpty(all))
	}
	var rows [][]string
	for _, t := range all {
		q := t.Quota
		rows = append(rows, []string{t.ID, t.Name, fmt.Sprint(q.ConcurrentJobs), fmt.Sprint(q.QueuedJobs), fmt.Sprint(q.CPUs), humanSize(q.Memory),
			humanSize(q.OutputBytes), humanSize(q.ArtifactBytes), strings.Join(t.Runtimes, " "), keptFor(time.Duration(t.Retention)), yesNo(t.TwoPerson)})
	}
	return printTable(a.stdout, []string{"TENANT", "NAME", "JOBS", "QUEUED", "CPUS", "MEMORY", "OUTPUT", "ARTIFACTS", "RUNTIMES", "KEPT FOR", "TWO PERSONS"}, rows)
}

type tenantFlags struct {
	name                      string
	jobs, queued              int
	cpus                      float64
	memory, output, artifacts size
	runtimes                  []string
	retention                 keepFor
	twoPerson                 bool
}

func (a *app) tenantSetCommand() *cobra.Command {
	var f tenantFlags
	cmd := &cobra.Command{
		Use: "set TENANT", Short: "Set what a tenant may take (on the server's machine, as root)", Args: takes(1, 1),
		Long: `Set what a tenant may take. What is not given stays as it is; 0 puts the default
back. A tenant without settings gets them.`,
		Example: "  sudo glovebox tenant set acme --concurrent-jobs 20 --memory 32g --runtimes gvisor,runc --two-person",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.setTenant(cmd, args[0], f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.name, "name", "", "for people")
	fs.IntVar(&f.jobs, "concurrent-jobs", 0, "jobs that have a place on a node")
	fs.IntVar(&f.queued, "queued-jobs", 0, "jobs that wait for one")
	fs.Float64Var(&f.cpus, "cpus", 0, "cores of the concurrent jobs together")
	fs.Var(&f.memory, "memory", "of the concurrent jobs together, such as 32g")
	fs.Var(&f.output, "output-bytes", "stdout and stderr kept of all jobs, such as 100g")
	fs.Var(&f.artifacts, "artifact-bytes", "artifacts kept of all jobs, such as 100g")
	fs.StringSliceVar(&f.runtimes, "runtimes", nil, "that a job may use without a signed approval: gvisor, runc")
	fs.Var(&f.retention, "retention", "how long jobs are kept once they are over, with their output, such as 12h, 30d or forever")
	fs.BoolVar(&f.twoPerson, "two-person", false, "signed jobs need the approvals of two persons")
	return cmd
}

// setTenant changes what the flags name of the settings as they are now. If
// somebody else changes them meanwhile, nothing is changed.
func (a *app) setTenant(cmd *cobra.Command, id string, f tenantFlags) error {
	c, err := a.hostClient()
	if err != nil {
		return err
	}
	defer c.Close()
	t, version, err := c.HostTenant(cmd.Context(), id)
	if err != nil && glovebox.KindOf(err) != glovebox.KindNotFound {
		return err
	}
	s := client.TenantSettings{Name: t.Name, Quota: t.Quota, Runtimes: t.Runtimes, Retention: t.Retention, TwoPerson: t.TwoPerson}
	given := cmd.Flags().Changed
	for name, set := range map[string]func(){
		"name":            func() { s.Name = f.name },
		"concurrent-jobs": func() { s.Quota.ConcurrentJobs = f.jobs },
		"queued-jobs":     func() { s.Quota.QueuedJobs = f.queued },
		"cpus":            func() { s.Quota.CPUs = f.cpus },
		"memory":          func() { s.Quota.Memory = int64(f.memory) },
		"output-bytes":    func() { s.Quota.OutputBytes = int64(f.output) },
		"artifact-bytes":  func() { s.Quota.ArtifactBytes = int64(f.artifacts) },
		"runtimes":        func() { s.Runtimes = f.runtimes },
		"retention":       func() { s.Retention = glovebox.Duration(f.retention) },
		"two-person":      func() { s.TwoPerson = f.twoPerson },
	} {
		if given(name) {
			set()
		}
	}
	t, _, err = c.PutHostTenant(cmd.Context(), id, s, version)
	if glovebox.KindOf(err) == glovebox.KindStale {
		return glovebox.Errorf(glovebox.KindStale, "somebody else changed tenant %s at the same time: %w", id, err).Try("look at it, and try again")
	}
	if err != nil {
		return err
	}
	return a.printTenants([]client.Tenant{t}, false)
}
