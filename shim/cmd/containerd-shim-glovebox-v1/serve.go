package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/ttrpc"
	"golang.org/x/sys/unix"

	"glovebox/shim/keeper"
	"glovebox/shim/sandbox"
	"glovebox/shim/task"
)

type serveFlags struct {
	socket, keeper, root, runsc, boot, launch, log string
	debug                                          bool
}

func parseServe(args []string) (f serveFlags, err error) {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.StringVar(&f.socket, "socket", "", "unix socket to serve the task API on")
	fs.StringVar(&f.keeper, "keeper", "", "unix socket at which the shim can be left behind and taken over (default: none)")
	fs.StringVar(&f.root, "root", "", "directory for the state of running sandboxes")
	fs.StringVar(&f.runsc, "runsc", "", "stock runsc; only its directory matters, as the default place of --boot")
	fs.StringVar(&f.boot, "boot", "", "gVisor program for sandboxes (default: glovebox-boot beside --runsc)")
	fs.StringVar(&f.launch, "launch", "", "the launcher that joins control groups")
	fs.StringVar(&f.log, "log", "", "file to log to (default: standard error)")
	fs.BoolVar(&f.debug, "debug", false, "log more, and let gVisor log under --root/debug")
	if err := fs.Parse(args); err != nil {
		return f, err
	}
	if f.boot == "" && f.runsc != "" {
		f.boot = filepath.Join(filepath.Dir(f.runsc), "glovebox-boot")
	}
	if f.socket == "" || f.root == "" || f.boot == "" || f.launch == "" {
		return f, errors.New("--socket, --root, --launch and one of --runsc and --boot are needed")
	}
	return f, nil
}

// serve runs until it is told to stop. The sandboxes end with it; what is left
// of them is removed by the next shim.
func serve(ctx context.Context, args []string) error {
	f, err := parseServe(args)
	if err != nil {
		return err
	}
	output := &keeper.Log{}
	log, err := newLogger(f.log, f.debug, output)
	if err != nil {
		return err
	}
	routeGvisorLog(log, f.debug)
	host, err := sandbox.NewHost(sandbox.Options{
		Root: f.root, Boot: f.boot, Launch: f.launch, Debug: f.debug, Log: log,
	})
	if err != nil {
		return err
	}
	listener, err := listen(f.socket)
	if err != nil {
		return err
	}
	server, err := ttrpc.NewServer(ttrpc.WithUnaryServerInterceptor(task.Logged(log)))
	if err != nil {
		return err
	}
	service := task.New(host)
	api.RegisterTTRPCTaskService(server, service)
	task.RegisterWatch(server, service)
	task.RegisterCollect(server, service)

	served := make(chan error, 1)
	go func() { served <- server.Serve(context.Background(), listener) }()
	calls := make(chan func())
	endForeign := func() {}
	if f.keeper != "" {
		l, err := listen(f.keeper)
		if err != nil {
			return err
		}
		defer l.Close()
		k := keeper.New(f.root, service, output, log, onThread(calls))
		go func() { served <- k.Serve(l) }()
		endForeign = k.End
	}
	log.Info("serving", "socket", f.socket, "root", f.root, "boot", f.boot, "pid", os.Getpid())
	for stopped := false; !stopped; {
		select {
		case err := <-served:
			return err
		case call := <-calls:
			call()
		case <-ctx.Done():
			stopped = true
		}
	}
	log.Info("stopping")
	service.Drain()
	endForeign()
	// Calls that wait for a sandbox would never end by themselves.
	stopping, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(stopping)
	return errors.Join(server.Close(), removeSocket(f.socket))
}

// onThread has functions called by whoever receives from calls: the main
// goroutine, which main keeps on the process's main thread.
func onThread(calls chan<- func()) func(func() error) error {
	return func(f func() error) error {
		done := make(chan error, 1)
		calls <- func() { done <- f() }
		return <-done
	}
}

// listen makes a socket only root can use. A socket in the way is one that
// nobody listens on: the lock on the root directory says so.
func listen(path string) (*net.UnixListener, error) {
	if err := removeSocket(path); err != nil {
		return nil, err
	}
	// Set before the socket exists, so that it never was open to others.
	defer unix.Umask(unix.Umask(0o177))
	return net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
}

func removeSocket(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func newLogger(path string, debug bool, to io.Writer) (*slog.Logger, error) {
	if path != "" {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("log file: %w", err)
		}
		to = f
	}
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: level})), nil
}
