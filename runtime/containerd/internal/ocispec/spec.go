// Package ocispec builds the OCI runtime specification of a sandbox. It is
// pure: the same job always gets the same specification.
package ocispec

import (
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox"
	"glovebox/runtime/containerd/internal/imageroot"
)

// Sandbox is what the specification is built from.
type Sandbox struct {
	Spec    glovebox.SandboxSpec
	User    imageroot.User
	Workdir string // clean and absolute
	Root    string // absolute path of the root file system
	Cgroup  string
	NoSwap  bool   // this kernel does not count swap, so it cannot be limited
	Files   uint64 // bound on open files that this node can grant
}

// cpuPeriod is the time, in microseconds, over which the CPU quota is kept.
const cpuPeriod = 100_000

// jobShares is the weight on the CPU that every job has, and the kernel's own
// default. It is said in so many words for sandboxes that had another one
// while they waited for their job.
const jobShares = 1024

// Build returns what holds for every runtime; Runc and GVisor add theirs.
func Build(s Sandbox) *specs.Spec {
	return &specs.Spec{
		Version:  "1.1.0", // what the oldest runc in use reads
		Hostname: s.Spec.ID,
		Root:     &specs.Root{Path: s.Root},
		Process:  process(s),
		Mounts:   mounts(),
		Linux: &specs.Linux{
			CgroupsPath:   s.Cgroup,
			Resources:     resources(s.Spec.Limits, s.NoSwap),
			Namespaces:    namespaces(),
			MaskedPaths:   masked(),
			ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
		},
	}
}

func process(s Sandbox) *specs.Process {
	return &specs.Process{
		User:            specs.User{UID: s.User.UID, GID: s.User.GID, AdditionalGids: s.User.Groups},
		Args:            s.Spec.Args,
		Env:             environment(s.Spec.Env, s.User.Home),
		Cwd:             s.Workdir,
		NoNewPrivileges: true,
		Capabilities:    noCapabilities(),
		Rlimits: []specs.POSIXRlimit{
			{Type: "RLIMIT_CORE"},
			{Type: "RLIMIT_NOFILE", Soft: s.Files, Hard: s.Files},
		},
	}
}

// noCapabilities are present and empty: none in any set, for root neither.
func noCapabilities() *specs.LinuxCapabilities {
	return &specs.LinuxCapabilities{
		Bounding: []string{}, Effective: []string{}, Inheritable: []string{}, Permitted: []string{}, Ambient: []string{},
	}
}

// environment adds a PATH where there is none, because the runtimes look the
// command up along it and have no default, and a HOME, which they would look up
// themselves for a process that they start, and not for one that runs already.
func environment(env []string, home string) []string {
	env = slices.Clone(env)
	for _, v := range [][2]string{{"PATH=", imageroot.DefaultPath}, {"HOME=", home}} {
		if !slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, v[0]) }) {
			env = append(env, v[0]+v[1])
		}
	}
	return env
}

func namespaces() []specs.LinuxNamespace {
	var all []specs.LinuxNamespace
	for _, t := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.MountNamespace, specs.IPCNamespace,
		specs.UTSNamespace, specs.NetworkNamespace, specs.CgroupNamespace} {
		all = append(all, specs.LinuxNamespace{Type: t})
	}
	return all
}

func resources(l glovebox.Limits, noSwap bool) *specs.LinuxResources {
	period, quota := uint64(cpuPeriod), max(int64(l.CPUs*cpuPeriod), 1000) // the kernel takes no quota below 1 ms
	shares := uint64(jobShares)
	memory, swap, pids := l.Memory, l.Memory, l.Pids
	r := &specs.LinuxResources{
		Devices: []specs.LinuxDeviceCgroup{{Access: "rwm"}}, // deny; the default nodes are allowed by the runtime
		Memory:  &specs.LinuxMemory{Limit: &memory, Swap: &swap},
		CPU:     &specs.LinuxCPU{Shares: &shares, Period: &period, Quota: &quota},
		Pids:    &specs.LinuxPids{Limit: &pids},
	}
	if noSwap {
		r.Memory.Swap = nil
	}
	return r
}
