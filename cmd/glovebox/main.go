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

	"glovebox/client"
	"glovebox/internal/instance"
)

func main() {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, lookupEnv: os.LookupEnv}
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

	data string // --data
}

// layout is where the instance lives that the command is about.
func (a *app) layout() (instance.Layout, error) { return instance.Find(a.data, a.getenv) }

// client returns a client of the instance's service, for a call that somebody
// waits for: it outlasts a restart of control and little more.
func (a *app) client() (*client.Client, error) { return a.clientWith(10 * time.Second) }

// patientClient is for following a job, which outlasts a restart of the service.
func (a *app) patientClient() (*client.Client, error) { return a.clientWith(time.Minute) }

func (a *app) clientWith(patience time.Duration) (*client.Client, error) {
	l, err := a.layout()
	if err != nil {
		return nil, err
	}
	return client.New(client.Options{Socket: l.API(), Patience: patience}), nil
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
