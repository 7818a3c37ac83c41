package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"glovebox"
	"glovebox/internal/instance"
	"glovebox/internal/supervise"
	"glovebox/internal/tracing"
	"glovebox/runtime/containerd"
)

// Names of the processes, in the order in which they are started.
const (
	nameShim       = "shim"
	nameContainerd = "containerd"
	nameControl    = "control"
	nameAgent      = "agent"
)

// processes is all that `up` runs and what they share.
type processes struct {
	sockets  *sockets
	public   *public
	certs    *serverCerts // nil without TLS
	shim     *shimLife
	children []supervise.Child
}

func (a *app) prepare(inst *instance.Instance, f upFlags, log *slog.Logger) (*processes, error) {
	tools, err := findTools(f.bin)
	if err != nil {
		return nil, err
	}
	daemon, err := containerd.WriteConfig(inst.Containerd())
	if err != nil {
		return nil, err
	}
	if err := a.giveDockerConfig(inst, f, log); err != nil {
		return nil, err
	}
	self, err := openSelf()
	if err != nil {
		return nil, err
	}
	life := &shimLife{inst: inst, log: log, stock: &stock{inst: inst, tools: tools, log: log}}
	set := &processes{shim: life}
	if set.public, err = f.public.open(); err != nil {
		return nil, err
	}
	if set.public.file != nil && !f.public.plain {
		if set.certs, err = newServerCerts(inst, f.public, set.public.url, time.Now()); err != nil {
			return nil, err
		}
	}
	if set.sockets, err = listen(inst.Layout); err != nil {
		return nil, err
	}
	set.children = []supervise.Child{
		// First, because containerd asks it about sandboxes that were left.
		a.shimChild(inst, tools, life),
		a.containerdChild(inst, tools, daemon, f),
		a.controlChild(inst, self, set, f),
		a.agentChild(inst, tools, self, f),
	}
	return set, nil
}

// openSelf opens this program for control and the agent, so that all three are
// always the same build. Control's user must be able to execute it.
func openSelf() (*os.File, error) {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "open this program: %w", err)
	}
	if st, err := f.Stat(); err == nil && st.Mode()&0o005 != 0o005 {
		f.Close()
		path, _ := os.Executable()
		return nil, glovebox.Errorf(glovebox.KindDenied, "control's user may not execute this program").Try("run: chmod a+rx %s", path)
	}
	return f, nil
}

func (a *app) containerdChild(inst *instance.Instance, t tools, d containerd.Daemon, f upFlags) supervise.Child {
	level := "warn"
	if f.debug {
		level = "debug"
	}
	return supervise.Child{
		Name: nameContainerd, Path: t.containerd, Dir: inst.Containerd(),
		Args:  []string{"--config", d.ConfigFile, "--log-level", level},
		Env:   a.rootEnv(t),
		Ready: connects(d.Address),
		Grace: 10 * time.Second,
	}
}

func (a *app) shimChild(inst *instance.Instance, t tools, life *shimLife) supervise.Child {
	return supervise.Child{
		Name: nameShim, Path: t.shim, Dir: inst.ShimRoot(),
		Args: []string{"serve", "--socket", inst.Shim(), "--keeper", inst.Keeper(), "--root", inst.ShimRoot(),
			"--boot", t.boot, "--launch", t.launch},
		Env:   a.rootEnv(t),
		Adopt: life.adopt,
		Ready: connects(inst.Shim()),
		Grace: 10 * time.Second,
	}
}

// controlChild faces callers and so has no privileges. It ends by itself when
// the jobs are done or the grace is over, a little after.
func (a *app) controlChild(inst *instance.Instance, self *os.File, set *processes, f upFlags) supervise.Child {
	args := []string{"control", "--data", inst.Dir, "--grace", f.grace.String(), "--at-stop", f.atStop, "--log-format", f.format}
	for _, uid := range f.operatorUIDs(a.getenv) {
		args = append(args, "--operator-uid", fmt.Sprint(uid))
	}
	if set.public.url != nil {
		args = append(args, "--public-url", set.public.url.String(), fmt.Sprintf("--tls=%t", set.certs != nil))
	}
	if set.public.metrics != nil {
		args = append(args, "--metrics")
	}
	return supervise.Child{
		Name: nameControl, Path: "glovebox", Binary: self, Dir: inst.Control(), UID: inst.ControlUID,
		Args:  debugFlag(args, f),
		Env:   a.controlEnv(inst),
		Files: set.public.files(map[string]*os.File{fileAPI: set.sockets.apiFile, fileNode: set.sockets.nodeFile}),
		Grace: f.grace + 10*time.Second,
	}
}

func (a *app) agentChild(inst *instance.Instance, t tools, self *os.File, f upFlags) supervise.Child {
	return supervise.Child{
		Name: nameAgent, Path: "glovebox", Binary: self, Dir: inst.Agent(),
		Args:  debugFlag(append([]string{"agent", "--data", inst.Dir, "--bin", t.dir, "--log-format", f.format}, slices.Concat(f.pool.args(), f.filter.args())...), f),
		Env:   a.pass(a.pass(a.rootEnv(t), tracing.Variables()), []string{"SSL_CERT_FILE", "SSL_CERT_DIR"}),
		Grace: 15 * time.Second,
	}
}

func debugFlag(args []string, f upFlags) []string {
	if f.debug {
		return append(args, "--debug")
	}
	return args
}

// given are the variables that children get as they are.
var given = []string{"TZ", "GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOTRACEBACK"}

// givenControl are those that control needs besides, to reach registries.
var givenControl = []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}

func (a *app) rootEnv(t tools) []string {
	env := []string{"PATH=" + t.dir + ":" + glovebox.DefaultPath, "HOME=/root", "LANG=C.UTF-8"}
	return a.pass(env, given)
}

func (a *app) controlEnv(inst *instance.Instance) []string {
	env := []string{
		"PATH=" + glovebox.DefaultPath, "HOME=" + inst.Control(), "TMPDIR=" + inst.Tmp(),
		"DOCKER_CONFIG=" + inst.Docker(), "LANG=C.UTF-8",
	}
	env = a.pass(a.pass(a.pass(env, given), givenControl), tracing.Variables())
	for _, name := range givenControl[:4] {
		env = a.pass(env, []string{strings.ToLower(name)})
	}
	return env
}

func (a *app) pass(env, names []string) []string {
	for _, name := range names {
		if v := a.getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// connects says whether somebody accepts at a socket.
func connects(path string) func(context.Context) error {
	return func(ctx context.Context) error {
		c, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err != nil {
			return err
		}
		return c.Close()
	}
}
