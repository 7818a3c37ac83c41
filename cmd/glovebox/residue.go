package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/internal/instance"
)

// leaving is how long a sandbox of a job that has just ended may take to be
// gone before what is there of it counts as residue.
const leaving = 2 * time.Second

func (a *app) residue(ctx context.Context, bin string, asJSON bool) error {
	if os.Geteuid() != 0 {
		return glovebox.Errorf(glovebox.KindDenied, "only root can see what sandboxes left").Try("run it with sudo")
	}
	l, err := a.layout()
	if err != nil {
		return err
	}
	record, err := instance.Read(l)
	if err != nil {
		return err
	}
	dir, err := toolDir(bin)
	if err != nil {
		return err
	}
	rt, err := openRuntime(l, record, tools{dir: dir, shim: dir + "/containerd-shim-glovebox-v1", launch: dir + "/glovebox-launch"})
	if err != nil {
		return err
	}
	defer rt.Close()
	c, err := a.hostClient()
	if err != nil {
		return err
	}
	defer c.Close()
	left, err := findResidue(ctx, withLinks{rt, l}, func(ctx context.Context) (map[string]bool, error) {
		live, err := liveSandboxes(ctx, c)
		if glovebox.KindOf(err) == glovebox.KindNoServer {
			return storedSandboxes(ctx, l, record) // those that were handed to the next start
		}
		return live, err
	})
	if err != nil && glovebox.KindOf(err) == glovebox.KindUnavailable {
		fmt.Fprintf(a.stderr, "glovebox: containerd is not up: its records were not looked at, the machine was\n")
		err = nil
	}
	if err != nil {
		return err
	}
	return a.printResidue(left, asJSON)
}

// findResidue looks until nothing is left, or returns what was there all the time
// that a sandbox may take to be gone. What exists is listed before the jobs are,
// so that a sandbox made in between is found in the list of jobs.
func findResidue(ctx context.Context, inv glovebox.Inventory, live func(context.Context) (map[string]bool, error)) ([]glovebox.Residue, error) {
	var left []glovebox.Residue
	for began := time.Now(); ; {
		now, partial := inv.Residue(ctx, nil)
		if partial != nil && glovebox.KindOf(partial) != glovebox.KindUnavailable {
			return nil, partial
		}
		alive, err := live(ctx)
		if err != nil {
			return nil, err
		}
		now = slices.DeleteFunc(now, func(r glovebox.Residue) bool {
			return alive[r.Sandbox] || left != nil && !slices.Contains(left, r)
		})
		if left = now; len(left) == 0 || time.Since(began) > leaving {
			return left, partial
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// liveSandboxes asks the service for those of jobs that have not ended.
func liveSandboxes(ctx context.Context, c *client.Client) (map[string]bool, error) {
	live := map[string]bool{}
	for job, err := range c.List(ctx, client.Filter{Statuses: liveStatuses}) {
		if err != nil {
			return nil, err
		}
		live[glovebox.SandboxID(job.ID, job.Attempt)] = true
	}
	pools, err := c.Pools(ctx)
	if err != nil {
		return nil, err
	}
	addParked(live, pools)
	templates, err := c.Templates(ctx, glovebox.AnyTenant)
	for _, t := range templates {
		if t.Snapshot.Name != "" {
			live[t.Snapshot.Name] = true
		}
	}
	return live, err
}

// addParked adds what waits for jobs: that is no residue, but for what is on its
// way out.
func addParked(live map[string]bool, pools []client.Pool) {
	for _, p := range pools {
		for _, s := range p.Slots {
			if s.State != "leaving" {
				live[s.ID] = true
			}
		}
	}
}

func (a *app) printResidue(left []glovebox.Residue, asJSON bool) error {
	var err error
	switch {
	case asJSON && left == nil:
		err = printJSON(a.stdout, []glovebox.Residue{})
	case asJSON:
		err = printJSON(a.stdout, left)
	case len(left) == 0:
		_, err = fmt.Fprintln(a.stdout, "no residue")
	default:
		var rows [][]string
		for _, r := range left {
			rows = append(rows, []string{r.Kind, r.Name, r.Sandbox})
		}
		err = printTable(a.stdout, []string{"KIND", "NAME", "SANDBOX"}, rows)
	}
	if err == nil && len(left) > 0 {
		return glovebox.Errorf(glovebox.KindResidue, "%d things were left behind", len(left)).
			Try("restart the service: it removes what it finds; then please report how this came about")
	}
	return err
}
