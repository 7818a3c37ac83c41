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

	"glovebox/shim/sandbox"
	"glovebox/shim/task"
)

type serveFlags struct {
	socket, root, runsc, boot, launch, log string
	debug                                  bool
}

func parseServe(args []string) (f serveFlags, err error) {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.StringVar(&f.socket, "socket", "", "unix socket to serve the task API on")
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
	log, err := newLogger(f.log, f.debug)
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

	served := make(chan error, 1)
	go func() { served <- server.Serve(context.Background(), listener) }()
	log.Info("serving", "socket", f.socket, "root", f.root, "boot", f.boot, "pid", os.Getpid())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	service.Drain()
	// Calls that wait for a sandbox would never end by themselves.
	stopping, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(stopping)
	return errors.Join(server.Close(), removeSocket(f.socket))
}

// listen makes a socket only root can use. A socket in the way is one that
// nobody listens on: the lock on the root directory says so.
func listen(path string) (net.Listener, error) {
	if err := removeSocket(path); err != nil {
		return nil, err
	}
	// Set before the socket exists, so that it never was open to others.
	defer unix.Umask(unix.Umask(0o177))
	return net.Listen("unix", path)
}

func removeSocket(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func newLogger(path string, debug bool) (*slog.Logger, error) {
	var to io.Writer = os.Stderr
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
