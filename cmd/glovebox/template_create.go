package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"glovebox"
	"glovebox/client"
)

// templateFlags are those of `glovebox template create`.
type templateFlags struct {
	client.TemplateRequest
	least, most  int
	prepare      string
	args         []string // of what prepares
	memory, disk size
	cpus         float64
	pids         int64
	timeout      time.Duration
	json         bool
}

func (a *app) templateCreateCommand() *cobra.Command {
	var f templateFlags
	cmd := &cobra.Command{
		Use: "create NAME --image IMAGE [--prepare COMMAND [-- ARG...]] | --from JOB", Short: "Park sandboxes for the jobs of an image, or copies of a running job",
		Args: takes(1, -1),
		Long: `Park sandboxes on every node for the jobs of an image. The image is one that is
here; the template is of what its name stands for now, whatever it means later.

With --interpreter, python3 or node is started ahead in them, and waits. A job
takes one if it runs "python3 -c CODE", "node -e CODE" or either with a script's
path, as the image's user, with the usual limits on disk and files, and sets no
variable that the interpreter reads when it starts (PYTHON…, NODE_…, LD_…). Any
other job of the image takes a sandbox of another template, or starts cold, and
runs the same.

With --from, a running job of your tenant is saved as it is at this moment, and
goes on. With --prepare, a job runs a command of a shell in the image, or, if
arguments follow, the program without a shell; when that prints "` + client.ReadyLine + `" on a line of its own it is saved, and ended. A job
that names such a template (glovebox run --template NAME) goes on from there, with
all that was in memory. A snapshot holds whatever the job held, so only jobs of
your tenant can name it. See docs/snapshots.md for what a program must look after.

A node parks as many as jobs have asked for of late, between --min and --max, in
the memory that it has for that (glovebox up --pool-memory).`,
		Example: `  glovebox template create python --image python:3.12 --interpreter python3 --min 2
  glovebox template create loaded --image app --prepare 'exec python3 /app/serve.py'
  glovebox template create bare --image app --prepare python3 -- /app/serve.py
  glovebox template create warm --from j0123456789abcdefghj`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.complete(args, cmd.Flags()); err != nil {
				return err
			}
			return a.withClient(func(c *client.Client) error {
				t, err := f.create(cmd, c, a)
				if err != nil {
					return err
				}
				return a.printTemplate(t, f.json)
			})
		},
	}
	f.define(cmd.Flags())
	cmd.MarkFlagsMutuallyExclusive("from", "image")
	cmd.MarkFlagsMutuallyExclusive("from", "prepare")
	cmd.MarkFlagsMutuallyExclusive("interpreter", "prepare")
	return cmd
}

func (f *templateFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.Image, "image", "", "whose jobs they are for, or what --prepare runs in")
	fs.StringVar(&f.Interpreter, "interpreter", "", "to start ahead: python3, node (default none)")
	fs.StringVar(&f.From, "from", "", "id of a running job to save")
	fs.StringVar(&f.prepare, "prepare", "", "command of a shell that prepares what is then saved")
	fs.VarP(&f.memory, "memory", "m", "with --prepare: memory of everything in the sandbox, such as 512m (default 512m)")
	fs.Var(&f.disk, "disk", "with --prepare: scratch space, such as 2g (default 1g)")
	fs.Float64Var(&f.cpus, "cpus", 0, "with --prepare: cores, such as 0.5 (default 1)")
	fs.Int64Var(&f.pids, "pids", 0, "with --prepare: processes and threads at one time (default 256)")
	fs.DurationVar(&f.timeout, "timeout", 0, "with --prepare: wall time until it is ready (default 10m)")
	fs.IntVar(&f.least, "min", 0, "to keep parked on each node, at least (default 1)")
	fs.IntVar(&f.most, "max", 0, "and at most (default 8, or --min)")
	fs.BoolVar(&f.json, "json", false, "print JSON")
}

func (f *templateFlags) complete(args []string, fs *pflag.FlagSet) error {
	f.Name, f.args = args[0], args[1:]
	if len(f.args) > 0 && f.prepare == "" {
		return glovebox.Errorf(glovebox.KindUsage, "%q is no part of a template", f.args[0]).Try("name the program with --prepare")
	}
	if fs.Changed("min") {
		f.Min = &f.least
	}
	if fs.Changed("max") {
		f.Max = &f.most
	}
	return nil
}

// command is what prepares: for a shell, unless it has arguments.
func (f *templateFlags) command() []string {
	if len(f.args) == 0 {
		return []string{"/bin/sh", "-c", f.prepare}
	}
	return append([]string{f.prepare}, f.args...)
}

func (f *templateFlags) create(cmd *cobra.Command, c *client.Client, a *app) (client.Template, error) {
	if f.prepare == "" {
		return c.CreateTemplate(cmd.Context(), f.TemplateRequest)
	}
	watch := watchInterrupts(cmd.Context())
	defer watch.stop()
	return c.PrepareTemplate(watch.first, f.TemplateRequest, glovebox.Spec{
		Image: f.Image, Entrypoint: []string{}, Cmd: f.command(), Timeout: glovebox.Duration(f.timeout),
		Limits: glovebox.Limits{Memory: int64(f.memory), Disk: int64(f.disk), CPUs: f.cpus, Pids: f.pids},
		Labels: map[string]string{"glovebox.template": f.Name},
	}, terminalSafe(a.stderr, false))
}
