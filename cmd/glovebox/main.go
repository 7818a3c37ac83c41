// Command glovebox runs hostile containers in single-use sandboxes: the service
// (`up`, and the processes `control` and `agent` that it starts) and the
// command line that talks to it.
//
// Each command is in the file of its name. This package only ties knots: what
// is decided is decided elsewhere.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"glovebox"
	"glovebox/client"
	"glovebox/internal/instance"
)

func main() {
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, lookupEnv: os.LookupEnv,
		open: browse, pause: pause,
	}
	err := run(context.Background(), a, os.Args[1:])
	os.Exit(a.report(err))
}

// run is the whole program but for its exit code.
func run(ctx context.Context, a *app, args []string) error {
	root := a.root()
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// app is what the commands have of the world.
type app struct {
	stdin          *os.File
	stdout, stderr *os.File
	getenv         func(string) string
	lookupEnv      func(string) (string, bool)

	data    string // --data
	context string // --context

	open  func(url string) bool                      // shows a page to the person, if there is a screen
	pause func(context.Context, time.Duration) error // waits
}

// layout is where the instance lives that the command is about, for what is
// done on its machine.
func (a *app) layout() (instance.Layout, error) {
	if a.context != "" {
		return instance.Layout{}, glovebox.Errorf(glovebox.KindUsage, "this is done on the machine of the instance").
			Try("leave out --context, and run it there as root")
	}
	return instance.Find(a.data, a.getenv)
}

// client returns a client of the server that the command is about, for a call
// that somebody waits for: it outlasts a restart of control and little more.
func (a *app) client() (*client.Client, error) {
	t, err := a.target()
	if err != nil {
		return nil, err
	}
	return t.client(10 * time.Second), nil
}

// followPatience is for following a job, which outlasts a restart of the service.
const followPatience = time.Minute

// hostClient is a client of this machine's instance, for what can only be done
// there.
func (a *app) hostClient() (*client.Client, error) {
	t, err := a.host()
	if err != nil {
		return nil, err
	}
	return t.client(10 * time.Second), nil
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// exitStatus ends the program with a code and without a word: what there was to
// say has been said, or it is the code of somebody else's command.
type exitStatus int

func (exitStatus) Error() string { return "ended with an exit code of its own" }

// isBrokenPipe says whether nobody reads what we write any more.
func isBrokenPipe(err error) bool {
	return errors.Is(err, io.ErrClosedPipe) || errors.Is(err, errPipe)
}
