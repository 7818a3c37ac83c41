package launch_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/runsc/config"
	"gvisor.dev/gvisor/runsc/container"
	"gvisor.dev/gvisor/runsc/flag"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/bootcmd"
	"glovebox/shim/cgroup"
	"glovebox/shim/ticket"
)

var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds what is under test, unless GLOVEBOX_BIN has it.
func run(m *testing.M) int {
	programs = os.Getenv("GLOVEBOX_BIN")
	if programs == "" {
		dir, err := os.MkdirTemp("", "gbxlaunch")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", dir+"/", "glovebox/shim/cmd/glovebox-launch", "glovebox/shim/cmd/glovebox-boot")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		programs = dir
	}
	specutils.ExePath = filepath.Join(programs, "glovebox-launch")
	return m.Run()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// quietOnce gives gVisor empty standard files to pass on.
var quietOnce = sync.OnceFunc(func() {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	keep = [3]*os.File{os.Stdin, os.Stdout, os.Stderr}
	os.Stdin, os.Stdout, os.Stderr = null, null, null
})

// keep keeps descriptors 0 to 2 from being closed.
var keep [3]*os.File

var numbers atomic.Int64

// sentry is one sandbox that is up, with its only program pausing.
type sentry struct {
	id, dir string
	conf    *config.Config
	group   *cgroup.Group
	c       *container.Container
}

func (s *sentry) pid() int { return s.c.SandboxPid() }

// boot starts a sandbox without a gofer, with the ticket changed by edit.
func boot(t testing.TB, image string, edit func(*ticket.Ticket)) (*sentry, error) {
	quietOnce()
	id := fmt.Sprintf("l%d-%d", os.Getpid(), numbers.Add(1))
	dir, err := os.MkdirTemp("", "gbl")
	if err != nil {
		return nil, err
	}
	s := &sentry{id: id, dir: dir}
	spec := pauseSpec(image, "/gbxlaunch-"+id)
	if s.conf, err = settings(dir); err != nil {
		return s, err
	}
	if err := specutils.FixConfig(s.conf, spec); err != nil {
		return s, err
	}
	if s.group, err = cgroup.Open(spec.Linux.CgroupsPath); err != nil {
		return s, err
	}
	if err := s.group.Create(cgroup.Limits{Memory: 256 << 20, Tasks: 256}); err != nil {
		return s, err
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return s, err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600); err != nil {
		return s, err
	}
	note := ticket.Ticket{Exec: filepath.Join(programs, "glovebox-boot"), Join: s.group.JoinFiles(), BootArgs: []string{"--total-memory=268435456"}, Env: bootcmd.BootEnv}
	edit(&note)
	if err := note.Write(dir); err != nil {
		return s, err
	}
	s.c, err = container.New(s.conf, container.Args{ID: id, Spec: spec, BundleDir: dir, Attached: true})
	if err != nil {
		why, _ := os.ReadFile(filepath.Join(dir, ticket.ErrorFile))
		return s, fmt.Errorf("%w: %s", err, why)
	}
	return s, s.c.Start(s.conf)
}

// end removes everything the sandbox has left.
func (s *sentry) end(t testing.TB) {
	t.Helper()
	if s.c != nil {
		_ = unix.Kill(s.pid(), unix.SIGKILL)
		if err := s.c.Destroy(); err != nil {
			t.Error(err)
		}
	}
	if s.group != nil {
		if err := s.group.Delete(5 * time.Second); err != nil {
			t.Error(err)
		}
	}
	if err := os.RemoveAll(s.dir); err != nil {
		t.Error(err)
	}
}

func settings(dir string) (*config.Config, error) {
	flags := flag.NewFlagSet("runsc", flag.ContinueOnError)
	config.RegisterFlags(flags)
	set := map[string]string{"root": dir, "platform": "systrap", "network": "none", "overlay2": "none", "ignore-cgroups": "true"}
	if debug := os.Getenv("GLOVEBOX_DEBUG_LOG"); debug != "" {
		set["debug"], set["debug-log"] = "true", debug
	}
	for name, value := range set {
		if err := flags.Set(name, value); err != nil {
			return nil, err
		}
	}
	return config.NewFromFlags(flags)
}

func pauseSpec(image, group string) *specs.Spec {
	return &specs.Spec{
		Version:  "1.2.0",
		Process:  &specs.Process{Args: []string{"/pause"}, Cwd: "/", NoNewPrivileges: true, Capabilities: &specs.LinuxCapabilities{}},
		Root:     &specs.Root{Path: "/"},
		Hostname: "x",
		Annotations: map[string]string{
			"io.kubernetes.cri.container-type": "sandbox",
			"dev.gvisor.spec.rootfs.type":      "erofs",
			"dev.gvisor.spec.rootfs.source":    image,
			"dev.gvisor.spec.rootfs.overlay":   "memory",
		},
		Linux: &specs.Linux{CgroupsPath: group, Namespaces: []specs.LinuxNamespace{
			{Type: specs.PIDNamespace}, {Type: specs.IPCNamespace}, {Type: specs.UTSNamespace}, {Type: specs.MountNamespace}, {Type: specs.NetworkNamespace},
		}},
	}
}
