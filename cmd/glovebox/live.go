package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/internal/instance"
	"glovebox/store/sqlite"
	"glovebox/template"
)

// liveStatuses are those of jobs that may have a sandbox.
var liveStatuses = []glovebox.Status{glovebox.StatusProvisioning, glovebox.StatusRunning}

func (a *app) liveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "live", Short: "List sandboxes of jobs that have not ended (started by `glovebox doctor --residue`)", Hidden: true, Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.live(cmd.Context()) },
	}
}

// live reads the store of a service that is not up.
func (a *app) live(ctx context.Context) error {
	l, err := a.layout()
	if err != nil {
		return err
	}
	ids := []string{}
	if _, err := os.Stat(l.Store()); errors.Is(err, fs.ErrNotExist) {
		return json.NewEncoder(a.stdout).Encode(ids)
	}
	store, err := sqlite.Open(ctx, l.Store())
	if err != nil {
		return err
	}
	defer store.Close()
	templates, err := template.Open(store, nil, nil).List(ctx, glovebox.AnyTenant)
	if err != nil {
		return err
	}
	for _, t := range templates {
		if t.Snapshot != "" {
			ids = append(ids, t.Snapshot)
		}
	}
	f := glovebox.JobFilter{Tenant: glovebox.AnyTenant, Statuses: liveStatuses, Limit: 1000}
	for {
		page, err := store.ListJobs(ctx, f)
		if err != nil {
			return err
		}
		for _, j := range page.Jobs {
			ids = append(ids, glovebox.SandboxID(j.ID, j.Attempt))
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return json.NewEncoder(a.stdout).Encode(ids)
		}
	}
}

// storedSandboxes asks the store of a service that is not up. It is control's
// own user that reads it: root does not parse what control has written.
func storedSandboxes(ctx context.Context, l instance.Layout, r instance.Record) (map[string]bool, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "live", "--data", l.Dir)
	cmd.Env = []string{"PATH=" + glovebox.DefaultPath, "HOME=" + l.Control(), "TMPDIR=" + l.Tmp()}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(r.ControlUID), Gid: uint32(r.ControlUID)}, Pdeathsig: syscall.SIGKILL,
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "read which jobs live from the store: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	var ids []string
	if err := json.Unmarshal(out, &ids); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "read which jobs live from the store: %w", err)
	}
	live := map[string]bool{}
	for _, id := range ids {
		live[id] = true
	}
	return live, nil
}
