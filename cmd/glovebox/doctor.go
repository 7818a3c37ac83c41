package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/internal/doctor"
	"glovebox/internal/instance"
)

func (a *app) doctorCommand() *cobra.Command {
	var asJSON, residue bool
	var bin string
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check whether this machine can run sandboxes, and whether any left something", Args: takes(0, 0),
		Long: `Check whether this machine can run sandboxes. Nothing is changed; a gVisor
sandbox of no use is started and ended. Exits non-zero if a check fails.

With --residue, list instead every process, mount, namespace, cgroup, container,
snapshot, file and nft rule that no live job accounts for, and exit non-zero if
there is one. It needs root, and works whether or not the service is up; while
it is, sandboxes that are just being removed get two seconds to be gone. While it
is not, jobs that were handed to the next start account for theirs.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if residue {
				return a.residue(cmd.Context(), bin, asJSON)
			}
			return a.doctor(cmd.Context(), bin, asJSON)
		},
	}
	cmd.Flags().BoolVar(&residue, "residue", false, "list what sandboxes left behind")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&bin, "bin", "", "folder of containerd, runsc and the shims (default that of this program)")
	return cmd
}

func (a *app) doctor(ctx context.Context, bin string, asJSON bool) error {
	l, err := a.layout()
	if err != nil {
		return err
	}
	dir, err := toolDir(bin)
	if err != nil {
		return err
	}
	all := doctor.Examine(ctx, doctor.Patient{
		Data: l.Dir, Tools: dir, Runc: findRunc(),
		Service: func(ctx context.Context) (string, error) { return a.examineService(ctx, l) },
	})
	if asJSON {
		err = printJSON(a.stdout, all)
	} else {
		err = a.printFindings(all)
	}
	if err == nil && doctor.Worst(all) == doctor.Fail {
		return glovebox.Errorf(glovebox.KindUnavailable, "this machine cannot run sandboxes as it is")
	}
	return err
}

func (a *app) printFindings(all []doctor.Finding) error {
	var rows [][]string
	for _, f := range all {
		rows = append(rows, []string{string(f.Status), f.Check, f.Found})
		if f.Hint != "" {
			rows = append(rows, []string{" ", " ", "hint: " + f.Hint})
		}
	}
	return printTable(a.stdout, []string{"STATUS", "CHECK", "FOUND"}, rows)
}

// examineService says who answers at the instance's socket.
func (a *app) examineService(ctx context.Context, l instance.Layout) (string, error) {
	c, err := a.hostClient()
	if err != nil {
		return "", err
	}
	defer c.Close()
	v, err := c.Version(ctx)
	switch {
	case glovebox.KindOf(err) == glovebox.KindNoServer:
		return "not up at " + l.Dir, nil
	case glovebox.KindOf(err) == glovebox.KindDenied && unix.Access(l.API(), unix.W_OK) == nil:
		return "", glovebox.Errorf(glovebox.KindDenied, "up at %s, but this user may not use it", l.Dir).
			Try("start the service with: glovebox up --operator-uid %d", os.Getuid())
	case err != nil:
		return "", err
	}
	return "up at " + l.Dir + ", version " + v.Version, nil
}
