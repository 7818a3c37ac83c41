// Command glovebox-launch stands between the shim and gVisor's processes: it
// joins the sandbox's control groups and then becomes the gofer or the sentry,
// so that no instruction of either, nor of anything they start, runs outside
// the job's limits.
//
// It is kept tiny on purpose (no gVisor packages, no JSON): it runs twice for
// every sandbox and its start-up is part of every job's latency. It fails
// closed: if any group cannot be joined nothing is executed.
package main

import (
	"os"
	"path/filepath"
	"syscall"

	"glovebox/shim/ticket"
)

func main() {
	dir, err := ticket.Dir(os.Args)
	if err == nil {
		err = become(dir)
	}
	// become only returns when it failed. Standard error is /dev/null here,
	// so the reason is left where the shim looks for it.
	if dir != "" {
		_ = os.WriteFile(filepath.Join(dir, ticket.ErrorFile), []byte(err.Error()), 0o600)
	}
	os.Exit(125)
}

func become(dir string) error {
	t, err := ticket.Read(dir)
	if err != nil {
		return err
	}
	for _, file := range t.Join {
		if err := join(file); err != nil {
			return err
		}
	}
	env := append(os.Environ(), t.Env...)
	return &os.PathError{Op: "exec", Path: t.Exec, Err: syscall.Exec(t.Exec, t.Argv(os.Args), env)}
}

// join moves this process; "0" means the writer, whatever its pid namespace.
func join(procs string) error {
	f, err := os.OpenFile(procs, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString("0")
	return err
}
