package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/agent"
	"glovebox/internal/instance"
	"glovebox/internal/keeper"
	"glovebox/internal/supervise"
	"glovebox/runtime/containerd"
)

func (a *app) upCommand() *cobra.Command {
	f := upFlags{}
	cmd := &cobra.Command{
		Use: "up", Short: "Run the service", Args: takes(0, 0),
		Long: `Run the service in the foreground, as root: a private containerd, the shim that
keeps gVisor's sandboxes, control (which has no privileges) and the agent. Each
is started again if it ends. One line on stdout says when jobs are welcome; log
lines go to stderr.

Who may use the service: root, the user who ran sudo, and those of --operator-uid.

SIGINT or SIGTERM: no new jobs are accepted, running ones may finish for as long
as --grace says. Those that still run then go on without the service, within
their limits, and the next start takes them over; their output waits for it.
Those that have not started run after the next start. Then everything else stops
in order. With --at-stop=end, jobs that still run after the grace are ended as
FAILED (node_lost, "the service was stopped") instead.
A second signal stops everything at once, running jobs too.

Control is given these variables and no others: HTTP_PROXY, HTTPS_PROXY,
NO_PROXY, ALL_PROXY (in capitals or not), SSL_CERT_FILE, SSL_CERT_DIR, TZ,
GODEBUG, GOGC, GOMEMLIMIT, GOMAXPROCS, GOTRACEBACK. Registry passwords are copied
from the docker config at each start.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.up(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.DurationVar(&f.grace, "grace", 10*time.Second, "how long running jobs may go on at a stop")
	fs.StringVar(&f.atStop, "at-stop", handOver, "what becomes of jobs that run longer: "+handOver+" to the next start, or "+endThem)
	fs.StringVar(&f.bin, "bin", "", "folder of containerd, runsc and the shims (default that of this program)")
	fs.StringVar(&f.format, "log-format", supervise.FormatText, "text or json")
	fs.BoolVar(&f.debug, "debug", false, "log more")
	fs.IntSliceVar(&f.operators, "operator-uid", nil, "more users who may use the service")
	fs.StringVar(&f.docker, "docker-config", "", "config.json with registry passwords (default that of the caller)")
	f.pool.define(fs)
	f.filter.define(fs)
	f.public.define(fs)
	fs.IntVar(&f.readyFD, "ready-fd", -1, "descriptor to write a line to when ready, and to close")
	return cmd
}

type upFlags struct {
	public      publicFlags
	pool        poolFlags
	filter      filterFlags
	grace       time.Duration
	atStop      string
	bin, format string
	debug       bool
	operators   []int
	docker      string
	readyFD     int
}

// check refuses what cannot be meant.
func (f upFlags) check() error {
	if f.format != supervise.FormatText && f.format != supervise.FormatJSON {
		return glovebox.Errorf(glovebox.KindUsage, "--log-format cannot be %q", f.format).Try("use text or json")
	}
	if f.atStop != handOver && f.atStop != endThem {
		return glovebox.Errorf(glovebox.KindUsage, "--at-stop cannot be %q", f.atStop).Try("use %s or %s", handOver, endThem)
	}
	if f.grace < 0 {
		return glovebox.Errorf(glovebox.KindUsage, "--grace cannot be negative")
	}
	if err := f.filter.check(); err != nil {
		return err
	}
	if _, err := f.pool.config(); err != nil {
		return err
	}
	return f.public.check()
}

// up takes the folder, runs the service in it and leaves it in order.
func (a *app) up(ctx context.Context, f upFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	log := newLog(a.stderr, f.format, f.debug, "up")
	layout, err := a.layout()
	if err != nil {
		return err
	}
	// Whatever our caller left open is none of our children's business.
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		log.Debug("close on exec", "error", err) // a kernel before 5.11
	}
	inst, err := instance.Open(layout, instance.ThisHost(), buildName())
	if err != nil {
		return err
	}
	defer inst.Close()
	mounted, err := inst.MountVolatile(containerd.DaemonIn(inst.Containerd()).State, containerd.VolatileIn(inst.Sandboxes()), agent.VolatileIn(inst.Agent()))
	if err != nil {
		return err
	}
	set, err := a.prepare(inst, f, log)
	if err != nil {
		if mounted {
			_ = inst.Unmount()
		}
		return err
	}
	defer set.sockets.close()
	defer set.public.close()
	if set.certs != nil {
		keeping, stop := context.WithCancel(ctx)
		defer stop()
		go set.certs.keep(keeping, log)
	}
	defer set.shim.close()
	// After every process is gone; the next start mounts what it needs.
	defer func() {
		if set.shim.left {
			return // what goes on needs its mounts and groups
		}
		if err := inst.Unmount(); err != nil {
			log.Warn("some mounts are left", "why", err)
		}
		inst.RemoveGroups()
	}()
	var output io.Writer = withoutNoise{a.stderr}
	if f.debug {
		output = a.stderr
	}
	s, err := supervise.New(supervise.Config{Output: output, Format: f.format, Log: log})
	if err != nil {
		return err
	}
	defer s.Close()
	return a.serve(ctx, s, set, inst, f, log)
}

// serve starts the processes, waits to be told to stop, and stops them.
func (a *app) serve(ctx context.Context, s *supervise.Supervisor, set *processes, inst *instance.Instance, f upFlags, log *slog.Logger) error {
	stop := watchInterrupts(ctx)
	defer stop.stop()
	for _, child := range set.children {
		if err := s.Start(stop.first, child); err != nil {
			takeDown(stop, s, set, f) // what was taken over is handed on
			if stop.first.Err() != nil {
				return nil // told to stop before it was up
			}
			return err
		}
		if child.Name == nameContainerd {
			set.shim.stock.resumed()
		}
	}
	if err := a.announce(inst, f); err != nil {
		return err
	}
	if err := a.welcome(stop.first, set, inst); err != nil {
		log.Warn("the first admin has no link; make one with `glovebox admin link`", "error", err)
	}
	<-stop.first.Done()
	log.Info("stopping; a second signal stops at once", "grace", f.grace)
	notifySystemd(a.getenv, "STOPPING=1")
	takeDown(stop, s, set, f)
	if stop.detached() {
		return exitStatus(glovebox.KindCancelled.Info().Exit)
	}
	log.Info("stopped")
	return nil
}

// takeDown stops what runs, in order.
func takeDown(stop *interrupts, s *supervise.Supervisor, set *processes, f upFlags) {
	// Control first: it waits for the jobs, and they need all the others.
	s.Stop(stop.second, nameControl)
	set.sockets.close()
	set.shim.stock.resumed() // if the start has come to nothing
	set.shim.stock.hold()
	s.Stop(stop.second, nameAgent, nameContainerd)
	var left []keeper.Foreign
	if f.atStop == handOver && !stop.detached() {
		left = set.shim.handOver(stop.second, s)
	}
	set.shim.stock.close(left, s)
	s.Stop(stop.second, nameShim)
}

// announce says that jobs are welcome, to whoever may be waiting for it.
func (a *app) announce(inst *instance.Instance, f upFlags) error {
	if err := inst.WritePID(); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "glovebox is up: data %s, pid %d\n", inst.Dir, os.Getpid())
	notifySystemd(a.getenv, "READY=1")
	if f.readyFD < 0 {
		return nil
	}
	file := os.NewFile(uintptr(f.readyFD), "ready")
	_, err := fmt.Fprintln(file, "ready")
	if err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "say that we are ready: %w", err).On("--ready-fd")
	}
	return file.Close()
}

// operatorUIDs are the users who may call the API.
func (f upFlags) operatorUIDs(getenv func(string) string) []int {
	uids := append([]int{0}, f.operators...)
	if uid, err := strconv.Atoi(getenv("SUDO_UID")); err == nil && uid > 0 {
		uids = append(uids, uid)
	}
	return uids
}

// giveDockerConfig passes the caller's registry passwords on. Only a file that
// was named must be there and make sense.
func (a *app) giveDockerConfig(inst *instance.Instance, f upFlags, log *slog.Logger) error {
	path := f.docker
	if path == "" {
		dir := a.getenv("DOCKER_CONFIG")
		if dir == "" {
			dir = filepath.Join(a.getenv("HOME"), ".docker")
		}
		path = filepath.Join(dir, "config.json")
	} else if _, err := os.Stat(path); err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--docker-config")
	}
	err := inst.GiveDockerConfig(path)
	if err != nil && f.docker == "" {
		log.Warn("no registry passwords are used", "why", err)
		return nil
	}
	return err
}
