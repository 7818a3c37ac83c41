// Command glovebox-launch stands between the shim and gVisor's processes: it
// joins the sandbox's control groups, so that no instruction of gVisor's, nor
// of anything it starts, runs outside the job's limits; it makes the sentry's
// empty root and gives up its capabilities (package launch); and then it
// becomes the sentry, or with a gofer the gofer.
//
// It is kept tiny on purpose (no gVisor packages, no JSON): its start-up is
// part of every job's latency. It fails closed: if any step fails nothing is
// executed.
//
// It also answers containerd, which executes what it takes for the shim after
// the end of each task (package dead).
package main

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"glovebox/shim/dead"
	"glovebox/shim/launch"
	"glovebox/shim/ticket"
)

// What the launcher does to itself it does to this thread, which is the one
// that is left after exec and the first of the process only from here.
func init() { runtime.LockOSThread() }

// shimProgram cleans up after a shim that died.
const shimProgram = "containerd-shim-glovebox-v1"

func main() {
	if dead.Asked(os.Args) {
		answer()
	}
	dir, err := ticket.Dir(os.Args)
	if err != nil {
		os.Exit(125)
	}
	// Opened now: on the way the launcher loses sight of the host's files.
	reasons, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		os.Exit(125)
	}
	// become only returns when it failed. Standard error is /dev/null here,
	// so the reason is left where the shim looks for it.
	leave(reasons, become(dir).Error())
	os.Exit(125)
}

// answer tells containerd that a task's shim lives. All else is for the shim's
// program, which is beside this one: to clean up after a dead one, and to say what
// kind of shim it is, which is asked once.
func answer() {
	if bundle := dead.Bundle(os.Args); bundle != "" && dead.Alive(bundle) {
		if _, err := os.Stdout.Write(dead.Answer(time.Now())); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(filepath.Join(filepath.Dir(self), shimProgram), os.Args, os.Environ())
	}
	os.Stderr.WriteString("glovebox-launch: " + shimProgram + ": " + err.Error() + "\n")
	os.Exit(1)
}

func become(dir string) error {
	t, err := ticket.Read(dir)
	if err != nil {
		return err
	}
	if err := launch.Join(t.Join); err != nil {
		return err
	}
	argv, env := t.Argv(os.Args), append(os.Environ(), t.Env...)
	if launch.IsBoot(argv) && !t.Stock {
		return launch.Sentry(t.Exec, argv, env)
	}
	return &os.PathError{Op: "exec", Path: t.Exec, Err: syscall.Exec(t.Exec, argv, env)}
}

func leave(dir int, reason string) {
	flags := syscall.O_WRONLY | syscall.O_CREAT | syscall.O_TRUNC | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	fd, err := syscall.Openat(dir, ticket.ErrorFile, flags, 0o600)
	if err != nil {
		return
	}
	_, _ = syscall.Write(fd, []byte(reason))
	_ = syscall.Close(fd)
}
