package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "run [flags] IMAGE [-- COMMAND [ARG...]]", Short: "Run a command in an image, sealed, and wait for it",
		Args: func(cmd *cobra.Command, args []string) error { return takes(f.operands(), -1)(cmd, args) },
		Long: `Run a command in a sandbox made for it alone, print what it writes, and exit with
its exit code. Stdout and stderr stay apart and arrive byte for byte; on a
terminal, control characters are shown in a visible form unless --raw is given.

Stdin is passed on if it is not a terminal (with -i also then, with --no-stdin
never). With --detach it is passed on only with -i.

With --template there is no IMAGE: the job goes on from where the template's job
was saved, and COMMAND is what its program is told (docs/snapshots.md).

Ctrl-C, SIGTERM and SIGHUP cancel the job and wait for its end; a second one
leaves it to itself. If nobody reads the output any more (as with "| head"), the job is
cancelled. If the service goes away, it is waited for, for up to a minute; the
job is not lost.

With --json nothing is streamed: one JSON object is printed at the end, the job
as "glovebox show --json" has it, with "logs": {"stdout": {...}, "stderr": {...}},
each {"text": "..."} or, where the bytes are not UTF-8, {"base64": "..."}; of a
stream longer than 16 MiB the beginning, with "cut": true.`,
		Example: `  glovebox run busybox -- echo hello
  glovebox run --memory 256m --timeout 30s python:3 -- python3 - < script.py
  id=$(glovebox run --detach busybox -- sleep 60); glovebox logs -f $id`,
		RunE: func(cmd *cobra.Command, args []string) error {
			image, rest := f.operand(args)
			command, err := afterImage(cmd, rest)
			if err != nil || helpAsked(cmd) {
				return err
			}
			if err := f.files.check(f.detach); err != nil {
				return err
			}
			spec, err := f.spec(image, command, a.lookupEnv)
			if err != nil {
				return err
			}
			if spec.Policy, err = a.policy(f.policy); err != nil {
				return err
			}
			return a.run(cmd.Context(), spec, f)
		},
	}
	cmd.Flags().SetInterspersed(false) // what follows the image is the command's
	f.define(cmd.Flags())
	cmd.MarkFlagsMutuallyExclusive("interactive", "no-stdin")
	cmd.MarkFlagsMutuallyExclusive("detach", "receipt")
	return cmd
}

// afterImage takes flags that stand behind the image and returns the command.
// Arguments for an image's entrypoint that begin with a dash need a "--".
func afterImage(cmd *cobra.Command, rest []string) ([]string, error) {
	if len(rest) == 0 || !strings.HasPrefix(rest[0], "-") || rest[0] == "-" {
		return rest, nil
	}
	if err := cmd.Flags().Parse(rest); err != nil {
		return nil, flagError(err, "put -- before arguments that are meant for the image; see %s --help", cmd.CommandPath())
	}
	return cmd.Flags().Args(), cmd.ValidateFlagGroups()
}

// helpAsked prints the help if it was asked for behind the image.
func helpAsked(cmd *cobra.Command) bool {
	asked, _ := cmd.Flags().GetBool("help")
	if asked {
		_ = cmd.Help()
	}
	return asked
}

func (a *app) run(ctx context.Context, spec glovebox.Spec, f runFlags) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	input, err := a.input(f)
	if err != nil {
		return err
	}
	input.describe(&spec)
	files, err := localFiles(f.files.files)
	if err != nil {
		return err
	}
	var home *out
	if f.files.out != "" {
		if home, err = openOut(f.files.out, "", f.files.overwrite); err != nil {
			return err
		}
		defer home.close()
	}

	watch := watchInterrupts(ctx, syscall.SIGHUP)
	defer watch.stop()
	if err := sendFiles(watch.first, c, files, &spec); err != nil {
		return err
	}
	job, err := a.submit(watch.first, c, spec)
	if err != nil {
		return withTags(watch.first, c, spec.Image, err)
	}
	if f.detach {
		return a.detach(watch.first, c, job, input, f)
	}
	r := running{app: a, client: c.Patient(followPatience), id: job.ID, input: input, watch: watch, home: home}
	return withTags(watch.first, c, spec.Image, r.attend(f))
}

// detach hands over the input, if there is any, and leaves.
func (a *app) detach(ctx context.Context, c *client.Client, job client.Job, in input, f runFlags) error {
	if err := in.feed(ctx, c, job.ID); err != nil {
		return err
	}
	if f.json {
		return printJSON(a.stdout, job)
	}
	_, err := fmt.Fprintln(a.stdout, job.ID)
	return err
}

// running is a job that this command waits for.
type running struct {
	*app
	client *client.Client
	id     string
	input  input
	watch  *interrupts
	home   *out // for what the job leaves; nil: nobody asked
}

// attend passes input and output on until the job ends.
func (r running) attend(f runFlags) error {
	ctx, cancel := context.WithCancelCause(r.watch.second) // ends with what nobody waits out
	defer cancel(nil)
	go r.cancelWhenAsked(ctx)
	go r.mentionAway(ctx)
	fed := make(chan error, 1)
	go func() { fed <- r.input.feed(ctx, r.client, r.id) }()

	var logs *capture
	stdout, stderr := terminalSafe(r.stdout, f.raw), terminalSafe(r.stderr, f.raw)
	if f.json {
		logs = &capture{}
		stdout, stderr = &logs.stdout, &logs.stderr
	}
	err := copyBoth(ctx, r.client, r.id, client.OutputOptions{Follow: true}, stdout, stderr, r.mentionAgain)
	if r.watch.detached() {
		fmt.Fprintf(r.app.stderr, "glovebox: left to itself: %s\nhint: see what becomes of it with: glovebox logs -f %s\n", r.id, r.id)
		return exitStatus(glovebox.KindCancelled.Info().Exit)
	}
	if err != nil {
		if isBrokenPipe(err) || errors.Is(err, syscall.EIO) { // EIO: the terminal is gone
			r.abandon()
		}
		return gaveUp(err, r.id)
	}
	job, err := r.client.Wait(ctx, r.id, client.Ended)
	if err != nil {
		return gaveUp(err, r.id)
	}
	r.mentionFeed(fed, job)
	job, lost := r.brings(ctx, job, r.home)
	if logs != nil {
		if err := printJSON(r.stdout, logs.with(job)); err != nil {
			return err
		}
	}
	result := r.result(job)
	if lost != nil && result != nil {
		r.complain(lost) // the job's own end is what counts
	} else if lost != nil {
		result = lost
	}
	return r.kept(ctx, f.receipt, result)
}

// cancelWhenAsked turns the first interrupt into a request to end the job.
func (r running) cancelWhenAsked(ctx context.Context) {
	select {
	case <-r.watch.first.Done():
	case <-ctx.Done():
		return
	}
	if isTerminal(r.stderr) {
		fmt.Fprintln(r.stderr, "glovebox: cancelling; once more to leave it to itself")
	}
	if _, err := r.client.Cancel(ctx, r.id); err != nil && ctx.Err() == nil {
		r.complain(err)
	}
}

// abandon cancels a job whose output nobody reads.
func (r running) abandon() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := r.client.Cancel(ctx, r.id); err != nil {
		r.complain(err)
	}
}

// mentionFeed says if input was lost. That a job ends before it has read
// everything is nothing to speak of.
func (r running) mentionFeed(fed <-chan error, job client.Job) {
	select {
	case err := <-fed:
		if err != nil && glovebox.KindOf(err) != glovebox.KindConflict && job.Outcome == glovebox.StatusCompleted {
			r.complain(fmt.Errorf("not all of stdin was passed on: %w", err))
		}
	default: // it is still being typed
	}
}
