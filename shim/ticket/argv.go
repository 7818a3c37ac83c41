package ticket

import (
	"errors"
	"slices"
	"strings"
)

// Dir finds the sandbox's state directory in the command line gVisor made.
func Dir(argv []string) (string, error) {
	for _, a := range argv[1:] {
		if dir, ok := strings.CutPrefix(a, "--root="); ok {
			return dir, nil
		}
	}
	return "", errors.New("no --root in the command line")
}

// Argv returns the command line of the program to become. Extra flags go
// right before the last argument, which is the container's id: of two equal
// flags the later one wins, so a ticket can overrule what gVisor chose.
func (t Ticket) Argv(argv []string) []string {
	if !slices.Contains(argv, "boot") {
		return argv
	}
	return slices.Insert(slices.Clone(argv), len(argv)-1, t.BootArgs...)
}
