package containerd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/typeurl/v2"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox"
	"glovebox/runtime/containerd"
	"glovebox/runtime/runtimetest"
)

// node is a containerd of the test's own, with all its things in one folder.
type node struct {
	bin, dir string
	daemon   *process
	shim     *process
	config   containerd.Config
}

// newNode starts what a node needs for runtimes, or skips the test.
func newNode(t testing.TB, runtimes ...string) *node {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("making sandboxes takes root")
	}
	n := &node{bin: programs(t, runtimes)}
	dir, err := os.MkdirTemp("", "gbrt") // not t.TempDir: names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	n.dir = dir
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	d, err := containerd.WriteConfig(filepath.Join(dir, "c"))
	if err != nil {
		t.Fatal(err)
	}
	n.config = containerd.Config{
		Daemon: d, Instance: filepath.Base(dir), Dir: filepath.Join(dir, "w"), Runtimes: runtimes,
		ShimSocket: filepath.Join(dir, "shim.sock"), ShimBinary: filepath.Join(n.bin, "glovebox-launch"),
		RunscRoot: filepath.Join(dir, "runsc"),
	}
	n.startDaemon(t)
	if has(runtimes, glovebox.RuntimeGVisor) {
		n.startShim(t)
	}
	t.Cleanup(func() { n.clean(t) })
	return n
}

func has(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// programs finds the folder of built programs, or skips.
func programs(t testing.TB, runtimes []string) string {
	t.Helper()
	need := []string{"containerd", "containerd-shim-runc-v2"}
	if has(runtimes, glovebox.RuntimeGVisor) {
		need = append(need, "containerd-shim-glovebox-v1", "glovebox-launch", "glovebox-boot")
	}
	if _, err := exec.LookPath("runc"); err != nil && has(runtimes, glovebox.RuntimeRunc) {
		t.Skip("no runc along PATH (Debian: apt-get install runc)")
	}
	bin := os.Getenv("GLOVEBOX_BIN")
	if bin == "" {
		bin = "../../bin"
	}
	bin, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range need {
		if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
			t.Skipf("%v: build it with tools/build.sh bin, or set GLOVEBOX_BIN", err)
		}
	}
	return bin
}

func (n *node) startDaemon(t testing.TB) {
	t.Helper()
	n.daemon = start(t, filepath.Join(n.dir, "containerd.log"), n.bin, "containerd", "--config", n.config.Daemon.ConfigFile)
	n.daemon.listening(t, n.config.Daemon.Address)
}

func (n *node) startShim(t testing.TB) {
	t.Helper()
	n.shim = start(t, filepath.Join(n.dir, "shim.log"), n.bin, "containerd-shim-glovebox-v1", "serve",
		"--socket", n.config.ShimSocket, "--root", n.config.RunscRoot,
		"--runsc", filepath.Join(n.bin, "glovebox-boot"), "--launch", filepath.Join(n.bin, "glovebox-launch"))
	// One that finds the cleaning after the one before still going on gives up.
	for range 5 {
		if n.shim.came(n.config.ShimSocket) {
			return
		}
		n.shim = start(t, filepath.Join(n.dir, "shim.log"), n.bin, n.shim.cmd.Args[0], n.shim.cmd.Args[1:]...)
	}
	t.Fatal("the shim does not come up")
}

// open makes a Runtime that is closed with the test.
func (n *node) open(t testing.TB) *containerd.Runtime {
	t.Helper()
	r, err := containerd.New(n.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// clean ends everything and takes the folder away; logs of a failed test stay.
func (n *node) clean(t testing.TB) {
	r, err := containerd.New(n.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	found, err := r.List(ctx)
	if err != nil {
		t.Error(err)
	}
	for _, f := range found {
		t.Errorf("sandbox %s is left at the end", f.ID)
		if err := r.Destroy(ctx, f.ID); err != nil {
			t.Error(err)
		}
	}
	if err := r.Release(); err != nil {
		t.Error(err)
	}
	r.Close()
	for _, p := range []*process{n.shim, n.daemon} {
		if p != nil {
			p.end()
		}
	}
	if t.Failed() && os.Getenv("GLOVEBOX_KEEP") != "" {
		t.Logf("logs are in %s", n.dir)
		return
	}
	if err := os.RemoveAll(n.dir); err != nil {
		t.Error(err)
	}
}

// process is a program that the test started.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func start(t testing.TB, log, bin, name string, args ...string) *process {
	t.Helper()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := &process{cmd: exec.Command(filepath.Join(bin, filepath.Base(name)), args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("PATH=%s:%s", bin, os.Getenv("PATH")))
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	return p
}

func (p *process) listening(t testing.TB, socket string) {
	t.Helper()
	if !p.came(socket) {
		t.Fatalf("%s does not listen at %s: %v", p.cmd.Path, socket, p.cmd.ProcessState)
	}
}

// came says whether the program has come to listen, and not ended before.
func (p *process) came(socket string) bool {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return true
		}
		select {
		case <-p.done:
			return false
		default:
		}
	}
	return false
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *process) end() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		p.kill()
	}
}

// suite is the node as the conformance suite wants it.
func (n *node) suite(runtime string) runtimetest.Node {
	s := runtimetest.Node{
		Runtime: runtime,
		Real:    true,
		Dir:     n.dir,
		Open:    func(t testing.TB) runtimetest.System { return n.open(t) },
		KillDaemon: func(t testing.TB) {
			n.daemon.kill()
			n.startDaemon(t)
		},
		Plants: n.plants(),
	}
	if runtime == glovebox.RuntimeGVisor {
		s.KillKeeper = func(t testing.TB) {
			n.shim.kill()
			n.startShim(t)
		}
	} else {
		s.KillKeeper = func(t testing.TB) { n.killStockShims(t) }
	}
	return s
}

// killStockShims ends the processes that containerd started for runc's jobs.
func (n *node) killStockShims(t testing.TB) {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for _, path := range found {
		args, _ := os.ReadFile(path)
		if !bytes.Contains(args, []byte("containerd-shim-runc-v2")) || !bytes.Contains(args, []byte(n.config.Daemon.Address)) {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		if err := syscall.Kill(pid, syscall.SIGKILL); err == nil {
			killed++
		}
	}
	if killed == 0 {
		t.Fatal("there is no stock shim to kill")
	}
}

func (n *node) plants() []runtimetest.Plant {
	check := func(t testing.TB, err error) {
		t.Helper()
		if err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	return []runtimetest.Plant{
		{Kind: "file", Put: func(t testing.TB, id string) {
			check(t, os.MkdirAll(filepath.Join(n.config.Dir, "sandboxes", id, "deep"), 0o700))
		}},
		{Kind: "file", Put: func(t testing.TB, id string) { // as a containerd leaves it that is killed while it removes a bundle
			check(t, os.MkdirAll(filepath.Join(n.config.Daemon.State, "io.containerd.runtime.v2.task", "glovebox", "."+id), 0o700))
		}},
		{Kind: "mount", Put: func(t testing.TB, id string) {
			dir := filepath.Join(n.config.Dir, "sandboxes", id, "root")
			check(t, os.MkdirAll(dir, 0o700))
			check(t, syscall.Mount("planted", dir, "tmpfs", 0, "size=4096"))
			t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		}},
		{Kind: "namespace", Put: func(t testing.TB, id string) {
			dir := filepath.Join(n.config.Dir, "sandboxes", id)
			check(t, os.MkdirAll(dir, 0o700))
			pin := filepath.Join(dir, "net")
			check(t, os.WriteFile(pin, nil, 0o600))
			check(t, syscall.Mount("/proc/self/ns/net", pin, "", syscall.MS_BIND, ""))
			t.Cleanup(func() { _ = syscall.Unmount(pin, syscall.MNT_DETACH) })
		}},
		{Kind: "cgroup", Put: func(t testing.TB, id string) {
			dir := filepath.Join(cgroupRoot(t), "glovebox", n.config.Instance, id)
			check(t, os.MkdirAll(filepath.Join(dir, "nested"), 0o755))
			t.Cleanup(func() { _, _ = syscall.Rmdir(filepath.Join(dir, "nested")), syscall.Rmdir(dir) })
		}},
		{Kind: "container", Put: func(t testing.TB, id string) {
			c, err := client.New(n.config.Daemon.Address, client.WithDefaultNamespace("glovebox"))
			check(t, err)
			defer c.Close()
			spec, err := typeurl.MarshalAny(&specs.Spec{Version: specs.Version})
			check(t, err)
			_, err = c.ContainerService().Create(context.Background(), containers.Container{
				ID: id, Spec: spec, Runtime: containers.RuntimeInfo{Name: "io.containerd.runc.v2"},
			})
			check(t, err)
		}},
		{Kind: "process", Put: func(t testing.TB, id string) {
			dir := filepath.Join(cgroupRoot(t), "glovebox", n.config.Instance, id)
			check(t, os.MkdirAll(dir, 0o755))
			cmd := exec.Command("sleep", "600")
			check(t, cmd.Start())
			go cmd.Wait()
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = syscall.Rmdir(dir) })
			check(t, os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(fmt.Sprint(cmd.Process.Pid)), 0))
		}},
	}
}

// cgroupRoot is a hierarchy in which a stray group can be planted.
func cgroupRoot(t testing.TB) string {
	for _, dir := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err == nil {
			return dir
		}
	}
	t.Skip("no control groups at the usual place")
	return ""
}
