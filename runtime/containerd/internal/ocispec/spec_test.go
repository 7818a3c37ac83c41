package ocispec

import (
	"slices"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox"
	"glovebox/runtime/containerd/internal/imageroot"
)

func build() *specs.Spec {
	return Build(Sandbox{
		Spec: glovebox.SandboxSpec{ID: "x-1", Args: []string{"a"}, Env: []string{"B=c"}, Limits: glovebox.DefaultLimits()},
		User: imageroot.User{UID: 5, GID: 6}, Workdir: "/w", Root: "/r", Cgroup: "/glovebox/n/x-1", Files: 77,
	})
}

// What every sandbox must have, whatever the job.
func TestSealed(t *testing.T) {
	s := build()
	c := s.Process.Capabilities
	if c == nil || len(c.Bounding)+len(c.Effective)+len(c.Permitted)+len(c.Inheritable)+len(c.Ambient) > 0 {
		t.Errorf("capabilities %+v", c)
	}
	if !s.Process.NoNewPrivileges || s.Process.Terminal || s.Hooks != nil || len(s.Linux.Devices) > 0 {
		t.Errorf("process %+v", s.Process)
	}
	for _, want := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.NetworkNamespace, specs.MountNamespace,
		specs.IPCNamespace, specs.UTSNamespace, specs.CgroupNamespace} {
		if !slices.Contains(s.Linux.Namespaces, specs.LinuxNamespace{Type: want}) {
			t.Errorf("no %s namespace of its own", want)
		}
	}
	for _, m := range s.Mounts {
		if m.Type == "bind" || m.Type == "cgroup" || m.Type == "none" || slices.Contains(m.Options, "rbind") {
			t.Errorf("mount %+v shows something of the host", m)
		}
		if m.Destination == "/sys" && !slices.Contains(m.Options, "ro") {
			t.Errorf("mount %+v is writable", m)
		}
	}
	if d := s.Linux.Resources.Devices; len(d) != 1 || d[0].Allow || d[0].Access != "rwm" || d[0].Type != "" {
		t.Errorf("devices %+v, want all denied", d)
	}
	if r := s.Linux.Resources; *r.Memory.Limit != 512<<20 || *r.Memory.Swap != *r.Memory.Limit || *r.Pids.Limit != 256 ||
		*r.CPU.Quota != int64(*r.CPU.Period) {
		t.Errorf("resources %+v", r)
	}
	if imageroot.PathOf(s.Process.Env) != imageroot.DefaultPath || !slices.Contains(s.Process.Env, "B=c") {
		t.Errorf("environment %q", s.Process.Env)
	}
}

func TestRunc(t *testing.T) {
	s := build()
	Runc(s)
	if s.Linux.Seccomp == nil || s.Linux.Seccomp.DefaultAction == specs.ActAllow {
		t.Errorf("system call filter %+v", s.Linux.Seccomp)
	}
	for _, rule := range s.Linux.Seccomp.Syscalls {
		for _, name := range []string{"mount", "unshare", "setns", "bpf", "init_module", "reboot", "swapon"} {
			if rule.Action == specs.ActAllow && len(rule.Args) == 0 && slices.Contains(rule.Names, name) {
				t.Errorf("%s is allowed", name)
			}
		}
	}
	if !slices.Contains(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace}) {
		t.Error("no user namespace")
	}
	for _, m := range append(s.Linux.UIDMappings, s.Linux.GIDMappings...) {
		if m.HostID < 1<<31 || uint64(m.HostID)+uint64(m.Size) > 1<<32-1 {
			t.Errorf("mapping %+v meets ids of the host", m)
		}
	}
}

func TestGVisor(t *testing.T) {
	s := build()
	GVisor(s, GVisorFiles{Rootfs: "/i.erofs", Scratch: "/s", Report: "/s/report"}, glovebox.DefaultLimits(), time.Minute)
	if got, want := s.Annotations[annotationRootfs], "/i.erofs"; got != want {
		t.Errorf("root %q, want %q", got, want)
	}
	if got, want := s.Annotations[annotationScratch], "dir=/s,size=1073741824,inodes=100000"; got != want {
		t.Errorf("scratch %q, want %q", got, want)
	}
	if got, want := s.Annotations[annotationTimeout], "1m0s"; got != want {
		t.Errorf("timeout %q, want %q", got, want)
	}
}

// A sandbox without a job has no more power than one with, gives way to it, and
// loses that weight when it is claimed.
func TestPark(t *testing.T) {
	s := Park("/glovebox/n/pool-1", "")
	c := s.Process.Capabilities
	if c == nil || len(c.Bounding)+len(c.Effective)+len(c.Permitted)+len(c.Inheritable)+len(c.Ambient) > 0 ||
		!s.Process.NoNewPrivileges || !s.Root.Readonly || len(s.Mounts) > 0 || s.Hooks != nil {
		t.Errorf("process %+v, root %+v, mounts %+v", s.Process, s.Root, s.Mounts)
	}
	for _, want := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.NetworkNamespace, specs.MountNamespace,
		specs.IPCNamespace, specs.UTSNamespace} {
		if !slices.Contains(s.Linux.Namespaces, specs.LinuxNamespace{Type: want}) {
			t.Errorf("no %s namespace of its own", want)
		}
	}
	if s.Annotations[annotationPark] != "true" || s.Linux.CgroupsPath != "/glovebox/n/pool-1" {
		t.Errorf("annotations %v, control group %q", s.Annotations, s.Linux.CgroupsPath)
	}
	if _, set := s.Annotations[annotationRootfs]; set {
		t.Error("a root although there is no image")
	}
	if got := Park("/c", "/i.erofs").Annotations[annotationRootfs]; got != "/i.erofs" {
		t.Errorf("root %q", got)
	}
	waits, works := s.Linux.Resources.CPU.Shares, build().Linux.Resources.CPU.Shares
	if waits == nil || works == nil || *waits >= *works {
		t.Errorf("weight %v while parked, %v at work", waits, works)
	}
}
