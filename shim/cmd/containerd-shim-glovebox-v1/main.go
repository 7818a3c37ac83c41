// Command containerd-shim-glovebox-v1 is the one process that keeps all gVisor
// sandboxes of a node.
//
//	containerd-shim-glovebox-v1 serve --socket S --root DIR --runsc R --launch L
//
// is how it is meant to run. containerd itself executes it only with "delete",
// when its connection to a sandbox's task was lost.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
)

// The main goroutine stays on the main thread, which is the one that has the
// signal of the parent's death; see keeper.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "containerd-shim-glovebox-v1: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0 && args[0] == "serve":
		return serve(ctx, args[1:])
	case slices.Contains(args, "delete"):
		return deleteDead(args)
	case slices.Contains(args, "-info"), slices.Contains(args, "info"):
		return printInfo()
	case slices.Contains(args, "start"):
		return fmt.Errorf("this shim is not started per container: create tasks with its socket as task API endpoint")
	}
	return fmt.Errorf("unknown command; hint: serve --socket PATH --root DIR --runsc PATH --launch PATH")
}
