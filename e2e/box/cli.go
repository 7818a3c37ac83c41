package box

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// CLI is the command line in the hands of one caller.
type CLI struct {
	t    T
	path string
	env  []string
}

// Result is how a command of the CLI ended.
type Result struct {
	Stdout, Stderr string
	Code           int
	Took           time.Duration
}

// root is the operator's command line, which goes to the box's socket.
func (b *Box) root() *CLI {
	return &CLI{b.T, filepath.Join(b.Bin, "glovebox"), append(os.Environ(), "GLOVEBOX_DATA="+b.Data)}
}

// As is the command line of somebody who has this file of contexts and these
// variables, and knows nothing of the box's folder.
func (b *Box) As(config string, env ...string) *CLI {
	inherited := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "GLOVEBOX_") || name == "DISPLAY" || name == "WAYLAND_DISPLAY"
	})
	inherited = append(inherited, "GLOVEBOX_CONFIG="+config, "HOME="+filepath.Dir(config))
	return &CLI{b.T, filepath.Join(b.Bin, "glovebox"), append(inherited, env...)}
}

// Run runs a command of the CLI against the box.
func (b *Box) Run(args ...string) Result { return b.RunIn(nil, args...) }

// RunIn runs a command with input.
func (b *Box) RunIn(stdin io.Reader, args ...string) Result {
	b.T.Helper()
	return b.root().RunIn(stdin, args...)
}

// Command prepares a command of the CLI for whoever needs more than Run.
func (b *Box) Command(ctx context.Context, args ...string) *exec.Cmd {
	return b.root().Command(ctx, args...)
}

// Must runs a command that has to succeed and returns its stdout.
func (b *Box) Must(args ...string) string {
	b.T.Helper()
	return b.root().Must(args...)
}

// Run runs a command.
func (c *CLI) Run(args ...string) Result {
	c.t.Helper()
	return c.RunIn(nil, args...)
}

// RunIn runs a command with input.
func (c *CLI) RunIn(stdin io.Reader, args ...string) Result {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := c.Command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errs
	began := time.Now()
	err := cmd.Run()
	r := Result{Stdout: out.String(), Stderr: errs.String(), Took: time.Since(began)}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.Code = exit.ExitCode()
	case err != nil:
		c.t.Fatalf("glovebox %s: %v", strings.Join(args, " "), err)
	}
	return r
}

// Command prepares a command for whoever needs more than Run.
func (c *CLI) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Env = c.env
	return cmd
}

// Must runs a command that has to succeed and returns its stdout.
func (c *CLI) Must(args ...string) string {
	c.t.Helper()
	r := c.Run(args...)
	if r.Code != 0 {
		c.t.Fatalf("glovebox %s: exit %d\n%s%s", strings.Join(args, " "), r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}
