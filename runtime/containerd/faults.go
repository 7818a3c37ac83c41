package containerd

import (
	"context"
	"errors"
	"strings"

	"glovebox"
)

// symptoms are words of runc and gVisor that tell why a command could not be
// started. What can be told from the image was told before; this is the rest.
var symptoms = []struct {
	words string
	kind  glovebox.Kind
	hint  string
}{
	{"executable not found", glovebox.KindNoExecutable, "check that the command and what it needs to start are in the image"},
	{"not an executable for this machine", glovebox.KindNotExecutable, "use a program for this node's processor, or a script with an interpreter line"},
	{"executable may not be run", glovebox.KindNotExecutable, "see that the job's user may execute the command"},
	{"working directory", glovebox.KindWorkdir, "give a working directory that the job's user may enter"},
	{"executable file not found", glovebox.KindNoExecutable, "check the spelling of the command and its PATH"},
	{"exec format error", glovebox.KindNotExecutable, "use a program for this node's processor, or a script with an interpreter line"},
	{"is a directory", glovebox.KindNotExecutable, "name a program, not a folder"},
	{"chdir to cwd", glovebox.KindWorkdir, "give a working directory that the job's user may enter"},
	{"mkdir /", glovebox.KindWorkdir, "give a working directory that can be made in the image"},
	{"failed to load", glovebox.KindNotExecutable, "see that the program and its loader are in the image"},
	{"exec: ", glovebox.KindNotExecutable, "see that the job's user may execute the command"},
}

// startFault words an error of containerd or a runtime about starting id.
func startFault(id string, err error) error {
	var e *glovebox.Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return glovebox.Errorf(glovebox.KindUnavailable, "starting sandbox %s was given up: %w", id, err)
	}
	if shimAway(err) {
		return glovebox.Errorf(glovebox.KindUnavailable, "the shim went away while sandbox %s was made: %w", id, err).
			Try("try again: it is started again at once")
	}
	if fault := commandFault(err); fault != nil {
		return fault
	}
	return glovebox.Errorf(glovebox.KindStart, "start sandbox %s: %w", id, err).
		Try("try again; if it stays so, look at the node's containerd log")
}

// deserted is an error that came about while a process died that the sandbox
// stands on: it says nothing about the job.
func deserted(id string, err error) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "containerd or the shim died while sandbox %s was made or started: %w", id, err).
		Try("try again: it is started again at once")
}

// absences are words that tell that a shim cannot be reached, or not any more,
// or that gVisor's file server died before the sandbox was made. None of them
// is about the job, and all may be gone at the next try.
var absences = []string{"ttrpc: closed", "connection refused", "connection reset", "unable to make connection",
	"transport is closing", "broken pipe", "shim.sock: connect",
	"creating gofer filestore"}

// shimAway says whether err is about the shim and not about the job.
func shimAway(err error) bool {
	text := err.Error()
	for _, words := range absences {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// commandFault is an error that is about the command itself, or nil.
func commandFault(err error) error {
	text := err.Error()
	for _, s := range symptoms {
		if !strings.Contains(text, s.words) {
			continue
		}
		if strings.Contains(text, "no such file or directory") && s.kind == glovebox.KindNotExecutable {
			s.kind = glovebox.KindNoExecutable
		}
		return glovebox.Errorf(s.kind, "start the command: %w", err).Try("%s", s.hint)
	}
	return nil
}
