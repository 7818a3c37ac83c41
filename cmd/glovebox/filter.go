package main

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/agent"
	"glovebox/egress"
	"glovebox/egress/filter"
	"glovebox/egress/link"
	"glovebox/internal/instance"
)

// filterFlags say what the filter asks and never reaches.
type filterFlags struct {
	dns   []string
	never []string
}

func (f *filterFlags) define(fs *pflag.FlagSet) {
	fs.StringSliceVar(&f.dns, "dns", nil, "resolvers, ADDRESS[:PORT], that names in policies are looked up with (default the host's)")
	fs.StringSliceVar(&f.never, "never-reach", nil, "addresses or prefixes that no job reaches whatever its policy, besides those that none ever does")
}

// check refuses what cannot be meant.
func (f filterFlags) check() error {
	if _, err := f.servers(); err != nil {
		return err
	}
	_, err := filter.Never(f.never)
	return err
}

func (f filterFlags) servers() ([]string, error) {
	var all []string
	for _, s := range f.dns {
		if a, err := netip.ParseAddr(s); err == nil {
			s = netip.AddrPortFrom(a, 53).String()
		}
		if _, err := netip.ParseAddrPort(s); err != nil {
			return nil, glovebox.Errorf(glovebox.KindUsage, "%q is no resolver", s).On("--dns").Try("use an address, or ADDRESS:PORT")
		}
		all = append(all, s)
	}
	return all, nil
}

func (f filterFlags) args() []string {
	var args []string
	for _, s := range f.dns {
		args = append(args, "--dns", s)
	}
	for _, s := range f.never {
		args = append(args, "--never-reach", s)
	}
	return args
}

// Descriptors of the filter's process, after the standard ones.
var inherited = filter.Inherited{Control: 3, DNS: []int{4, 5}, DNSTCP: []int{6, 7}, TCP: []int{8, 9}}

func (a *app) filterCommand() *cobra.Command {
	var f filterFlags
	cmd := &cobra.Command{
		Use: "filter", Short: "Let sandboxes' traffic through as policies say (started by the agent)", Hidden: true, Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.filter(cmd.Context(), f) },
	}
	f.define(cmd.Flags())
	return cmd
}

func (a *app) filter(ctx context.Context, f filterFlags) error {
	nameProcess()
	if os.Getuid() == 0 {
		return glovebox.Errorf(glovebox.KindDenied, "the filter must not be root: it reads what hostile programs send")
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "give up new privileges: %w", err)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	never, err := filter.Never(f.never)
	if err != nil {
		return err
	}
	servers, err := f.servers()
	if err != nil {
		return err
	}
	config := filter.Config{Never: never, Upstream: filter.NewServers(servers...)}
	if len(servers) == 0 {
		if config.Upstream, err = filter.HostServers(); err != nil {
			config.Upstream = noResolver{err} // rules that name addresses still work
		}
	}
	return filter.Main(ctx, inherited, config)
}

// noResolver is that of a host which has none.
type noResolver struct{ why error }

func (r noResolver) Lookup(context.Context, string) ([]netip.Addr, time.Duration, error) {
	return nil, 0, r.why
}

// openNetwork makes the network of this node's sandboxes. The filter runs as a
// user of its own, who may do nothing on this machine but dial.
func openNetwork(l instance.Layout, r instance.Record, f filterFlags, log *slog.Logger) (*egress.Node, error) {
	return egress.Open(egress.Config{
		Dir: l.Network(), Log: log,
		Start: func(control *os.File, s link.Sockets) (func() error, error) {
			cmd := exec.Command("/proc/self/exe", append([]string{"filter"}, f.args()...)...)
			cmd.Dir = "/"
			cmd.Stderr = os.Stderr
			cmd.Env = []string{"LANG=C.UTF-8"}
			for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "GOMAXPROCS", "GODEBUG"} {
				if v := os.Getenv(name); v != "" {
					cmd.Env = append(cmd.Env, name+"="+v)
				}
			}
			cmd.ExtraFiles = append([]*os.File{control}, s.Files()...)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Setpgid: true, Pdeathsig: syscall.SIGKILL,
				Credential: &syscall.Credential{Uid: uint32(r.FilterUID), Gid: uint32(r.FilterUID)},
			}
			return startTied(cmd)
		},
	})
}

// startNetwork opens the network and runs it until stop is called. On a machine
// whose kernel has no means for it there is none, and jobs that want one are
// refused.
func startNetwork(ctx context.Context, l instance.Layout, r instance.Record, f filterFlags, log *slog.Logger) (_ agent.Network, stop func(), err error) {
	network, err := openNetwork(l, r, f, log)
	if glovebox.KindOf(err) == glovebox.KindUnavailable {
		log.LogAttrs(ctx, slog.LevelWarn, "jobs have no network on this machine", slog.Any("error", err))
		return nil, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() { network.Run(ctx) })
	return network, func() { end(); work.Wait() }, nil
}

// startTied starts a process that dies with this one. The kernel ties it to the
// thread that forked, so that thread waits for it.
func startTied(cmd *exec.Cmd) (wait func() error, err error) {
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return func() error { return <-ended }, nil
}
