// Package ticket is the note the shim leaves for the launcher: which control
// groups to join and which program to become.
//
// gVisor starts the gofer and the sentry itself and gives us no hook between
// fork and exec, but it lets us name the program it starts. That program is
// the launcher; it finds its ticket in the directory gVisor passes as --root.
// The format is one "key value" pair a line, so that the launcher needs no
// JSON decoder and starts in about a millisecond.
package ticket

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	// File is the ticket's name in the sandbox's state directory.
	File = "launch"
	// ErrorFile is where a launcher that refuses says why.
	ErrorFile = "launch.err"
)

// Ticket says what the launcher does before it becomes Exec.
type Ticket struct {
	// Exec is the absolute path of the program to become.
	Exec string
	// Join lists cgroup.procs files; the launcher writes itself into each.
	Join []string
	// BootArgs are flags added to the sentry's command line, not the gofer's.
	BootArgs []string
	// Env is added to the environment of both.
	Env []string
	// Stock leaves it to gVisor to make the sentry's root and to give up its
	// capabilities, in several process images. Tests compare with it.
	Stock bool
}

// Write stores the ticket in dir.
func (t Ticket) Write(dir string) error {
	var b strings.Builder
	put := func(key string, values ...string) error {
		for _, v := range values {
			if strings.ContainsAny(v, "\n\x00") {
				return fmt.Errorf("ticket: %s contains a line break: %q", key, v)
			}
			b.WriteString(key + " " + v + "\n")
		}
		return nil
	}
	var stock []string
	if t.Stock {
		stock = []string{"yes"}
	}
	err := errors.Join(
		put("exec", t.Exec),
		put("join", t.Join...),
		put("boot-arg", t.BootArgs...),
		put("env", t.Env...),
		put("stock", stock...),
	)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, File), []byte(b.String()), 0o600)
}

// Read loads the ticket in dir and refuses one that would start a program
// outside every control group.
func Read(dir string) (Ticket, error) {
	var t Ticket
	data, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		return t, err
	}
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			return t, fmt.Errorf("ticket: malformed line %q", line)
		}
		switch key {
		case "exec":
			t.Exec = value
		case "join":
			t.Join = append(t.Join, value)
		case "boot-arg":
			t.BootArgs = append(t.BootArgs, value)
		case "env":
			t.Env = append(t.Env, value)
		case "stock":
			t.Stock = value == "yes"
		default:
			return t, fmt.Errorf("ticket: unknown key %q", key)
		}
	}
	if !filepath.IsAbs(t.Exec) {
		return t, fmt.Errorf("ticket: exec %q is not an absolute path", t.Exec)
	}
	if len(t.Join) == 0 {
		return t, errors.New("ticket: no control group to join")
	}
	return t, nil
}
