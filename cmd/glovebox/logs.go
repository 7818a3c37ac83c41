package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) logsCommand() *cobra.Command {
	var f logsFlags
	cmd := &cobra.Command{
		Use: "logs JOB", Short: "Print what a job wrote", Args: takes(1, 1),
		Long: `Print what a job wrote: its stdout on stdout and its stderr on stderr, byte for
byte. With --stderr alone, that is the data asked for and goes to stdout.

On a terminal, control characters are shown in a visible form unless --raw is
given, because a job is hostile and a terminal believes everything.

With -f, if the service goes away, it is waited for, for up to a minute.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			if f.follow {
				c = c.Patient(followPatience)
			}
			id, err := jobID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if !f.follow {
				return a.logs(cmd.Context(), c, id, f)
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			go a.mentionAway(ctx)
			return gaveUp(a.logs(ctx, c, id, f), id)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&f.follow, "follow", "f", false, "wait for more until the job's output is complete")
	fs.BoolVar(&f.stdout, "stdout", false, "only stdout")
	fs.BoolVar(&f.stderr, "stderr", false, "only stderr")
	fs.Int64Var(&f.offset, "offset", 0, "first byte to print; needs --stdout, --stderr or --events")
	fs.BoolVar(&f.events, "events", false, "instead, what the job's policy let through and refused")
	fs.BoolVar(&f.json, "json", false, "with --events, a line of JSON each")
	fs.BoolVar(&f.raw, "raw", false, "print control characters as they are, also on a terminal")
	return cmd
}

type logsFlags struct {
	follow, stdout, stderr, raw bool
	events, json                bool
	offset                      int64
}

func (a *app) logs(ctx context.Context, c *client.Client, id string, f logsFlags) error {
	one := f.stdout != f.stderr
	if f.json && !f.events || f.events && (f.stdout || f.stderr) {
		return glovebox.Errorf(glovebox.KindUsage, "--events is a stream of its own").Try("use --events, --events --json, or neither")
	}
	if f.events && f.offset >= 0 {
		return a.events(ctx, c, id, f)
	}
	if f.offset != 0 && !one {
		return glovebox.Errorf(glovebox.KindUsage, "an offset belongs to one stream").Try("add --stdout, --stderr or --events")
	}
	if f.offset < 0 {
		return glovebox.Errorf(glovebox.KindUsage, "--offset cannot be negative")
	}
	o := client.OutputOptions{Offset: f.offset, Follow: f.follow}
	out, err := terminalSafe(a.stdout, f.raw), terminalSafe(a.stderr, f.raw)
	switch {
	case one && f.stdout:
		return copyOutput(ctx, c, id, client.Stdout, o, out, a.mentionAgain)
	case one:
		return copyOutput(ctx, c, id, client.Stderr, o, out, a.mentionAgain)
	}
	return copyBoth(ctx, c, id, o, out, err, a.mentionAgain)
}

// copyBoth copies both streams at once and returns when both have ended, or the
// first error, which ends the other.
func copyBoth(ctx context.Context, c *client.Client, id string, o client.OutputOptions, stdout, stderr io.Writer, again func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	quiet := func() {}
	for s, w := range map[client.Stream]io.Writer{client.Stdout: stdout, client.Stderr: stderr} {
		wg.Go(func() {
			mention := quiet
			if s == client.Stdout {
				mention = again // once for both
			}
			if err := copyOutput(ctx, c, id, s, o, w, mention); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// copyOutput copies a stream to its end. If the attempt that it is of is followed
// by another, it calls again and goes on with that one's.
func copyOutput(ctx context.Context, c *client.Client, id string, s client.Stream, o client.OutputOptions, w io.Writer, again func()) error {
	for {
		r, err := c.Output(ctx, id, s, o)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		r.Close()
		if err = errors.Join(err, flush(w)); err != nil || !client.Again(r) {
			return err
		}
		again()
		o.Offset = 0
		if k, ok := w.(*captured); ok {
			k.reset()
		}
	}
}

// mentionAgain says that what was printed is of an attempt that came to nothing.
func (a *app) mentionAgain() {
	fmt.Fprintln(a.stderr, "glovebox: the sandbox was lost; the job is run again, and its output begins anew")
}
