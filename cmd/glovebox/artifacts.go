package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) artifactsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "artifacts", Short: "List and get the files that a job has left", Args: noSuchCommand,
		Long: `List and get the files that a job has left under /out: its artifacts. Regular files
and folders are kept, up to --artifacts-limit of "glovebox run" and 10,000 of
them; links, devices and the like are left out.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.artifactsListCommand(), a.artifactsGetCommand())
	return cmd
}

func (a *app) artifactsListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list JOB", Aliases: []string{"ls"}, Short: "List a job's artifacts, with their checksums", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error { return a.listArtifacts(cmd.Context(), c, args[0], asJSON) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) listArtifacts(ctx context.Context, c *client.Client, job string, asJSON bool) error {
	id, err := jobID(ctx, c, job)
	if err != nil {
		return err
	}
	all, j, err := artifactsOf(ctx, c, id)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, struct {
			Artifacts []client.Artifact `json:"artifacts"`
			Summary   *client.Artifacts `json:"summary,omitempty"`
		}{orEmpty(all), j.Artifacts})
	}
	var rows [][]string
	for _, f := range all {
		name, size := f.Path, fmt.Sprint(f.Size)
		if f.Folder {
			name, size = name+"/", ""
		}
		rows = append(rows, []string{fmt.Sprintf("%04o", f.Mode), size, f.Digest, name})
	}
	if err := printTable(a.stdout, []string{"MODE", "SIZE", "CHECKSUM", "PATH"}, rows); err != nil {
		return err
	}
	a.mentionLeftOut(j)
	return nil
}

// artifactsOf waits until all that a job leaves is there, and lists it.
func artifactsOf(ctx context.Context, c *client.Client, id string) (all []client.Artifact, job client.Job, err error) {
	if job, err = c.Job(ctx, id); err != nil {
		return nil, job, err
	}
	if !job.Status.Ended() {
		return nil, job, glovebox.Errorf(glovebox.KindConflict, "%s has not ended", id).Try("wait for its end: glovebox logs -f %s", id)
	}
	if job, err = c.Wait(ctx, id, client.Sealed); err != nil {
		return nil, job, err
	}
	for f, err := range c.Artifacts(ctx, id) {
		if err != nil {
			return nil, job, err
		}
		all = append(all, f)
	}
	return all, job, nil
}

// mentionLeftOut says what is not among a job's artifacts.
func (a *app) mentionLeftOut(j client.Job) {
	switch s := j.Artifacts; {
	case s == nil:
	case s.Refused:
		a.complain(glovebox.Errorf(glovebox.KindInternal, "what %s left was refused: the node's list of it does not check out", j.ID).
			Try("the job may have broken out of its sandbox; look at the node"))
	case s.Truncated:
		a.complain(glovebox.Errorf(glovebox.KindTooLarge, "not everything that %s left was kept: %d left out", j.ID, s.LeftOut).
			Try("raise --artifacts-limit (it was %s), or leave less", humanSize(j.Spec.Limits.Artifacts)))
	case s.LeftOut > 0:
		a.complain(glovebox.Errorf(glovebox.KindInvalid, "%d of what %s left is no file or folder, or has a name that cannot be kept", s.LeftOut, j.ID))
	}
}

func (a *app) artifactsGetCommand() *cobra.Command {
	var dir string
	var overwrite bool
	cmd := &cobra.Command{
		Use: "get JOB [PATH...] [--out DIR]", Short: "Get a job's artifacts, or some of them", Args: takes(1, -1),
		Long: `Get a job's artifacts into a folder, which must be new or empty unless --overwrite
is given; or one of them, without --out, to stdout. A PATH names a file, or a
folder with all that is in it. Each file is checked against its checksum. What was
broken off is gone on with by the same command. Files are written with the mode
0644, or 0755 if the job made them executable, and links are never followed.`,
		Example: "  glovebox artifacts get j0123456789abcdefghjk --out results\n  glovebox artifacts get j0123456789abcdefghjk report.json | jq .",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				return a.getArtifacts(cmd.Context(), c.Patient(followPatience), args[0], args[1:], dir, overwrite)
			})
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&dir, "out", "o", "", "folder to write to")
	fs.BoolVar(&overwrite, "overwrite", false, "write into the folder though there is something in it")
	return cmd
}

func (a *app) getArtifacts(ctx context.Context, c *client.Client, job string, paths []string, dir string, overwrite bool) error {
	if dir == "" && len(paths) != 1 {
		return glovebox.Errorf(glovebox.KindUsage, "where to is not said").Try("give a folder with --out, or one PATH to print")
	}
	id, err := jobID(ctx, c, job)
	if err != nil {
		return err
	}
	all, j, err := artifactsOf(ctx, c, id)
	if err != nil {
		return err
	}
	if all, err = chosen(all, paths); err != nil {
		return err
	}
	if dir == "" {
		return a.printArtifact(ctx, c, id, all)
	}
	out, err := openOut(dir, id, overwrite)
	if err != nil {
		return err
	}
	defer out.close()
	return a.bring(ctx, c, j, all, out)
}

// chosen are the artifacts that paths name, all if there are none.
func chosen(all []client.Artifact, paths []string) ([]client.Artifact, error) {
	if len(paths) == 0 {
		return all, nil
	}
	var some []client.Artifact
	found := make([]bool, len(paths))
	for _, f := range all {
		take := false
		for i, p := range paths {
			p = strings.TrimSuffix(p, "/")
			if f.Path == p || strings.HasPrefix(f.Path, p+"/") {
				take, found[i] = true, true
			}
		}
		if take {
			some = append(some, f)
		}
	}
	for i, ok := range found {
		if !ok {
			return nil, glovebox.Errorf(glovebox.KindNotFound, "the job has left no %q", paths[i]).Try("list what there is: glovebox artifacts list JOB")
		}
	}
	return some, nil
}

// printArtifact writes one file to stdout. Its end is wrong if the checksum is.
func (a *app) printArtifact(ctx context.Context, c *client.Client, id string, some []client.Artifact) error {
	if len(some) != 1 || some[0].Folder {
		return glovebox.Errorf(glovebox.KindUsage, "that is a folder").Try("give a folder for it with --out")
	}
	f := some[0]
	r, err := c.Artifact(ctx, id, f, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	sum := newChecksum()
	w := terminalSafe(a.stdout, false)
	if _, err := io.Copy(io.MultiWriter(w, sum), r); err != nil {
		return err
	}
	if err := flush(w); err != nil {
		return err
	}
	if sum.digest() != f.Digest {
		return otherContent(f)
	}
	return nil
}
