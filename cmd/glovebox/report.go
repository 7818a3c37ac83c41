package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"glovebox"
)

// errPipe is what a write returns when its reader has gone.
var errPipe error = syscall.EPIPE

// exitPipe is what a shell shows for a program that SIGPIPE ended.
const exitPipe = 128 + int(syscall.SIGPIPE)

// report tells a person what went wrong and returns the exit code.
func (a *app) report(err error) int {
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case isBrokenPipe(err):
		return exitPipe
	case errors.Is(err, context.Canceled):
		return glovebox.KindCancelled.Info().Exit
	}
	a.complain(err)
	return glovebox.KindOf(err).Info().Exit
}

// complain writes an error and what to do about it. Messages may quote what a
// hostile image or job made up, so nothing in them reaches a terminal as it is.
func (a *app) complain(err error) {
	text, hint := err.Error(), glovebox.AsError(err).Hint
	fmt.Fprintf(a.stderr, "glovebox: %s\n", oneLine(text))
	if hint != "" {
		fmt.Fprintf(a.stderr, "hint: %s\n", oneLine(hint))
	}
}

func oneLine(s string) string {
	return inert(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " "))
}
