package ocispec

import specs "github.com/opencontainers/runtime-spec/specs-go"

const (
	// parkedShares is the least weight there is on a CPU: what is made ahead
	// gives way to what somebody waits for.
	parkedShares = 2
	// parkedMemory bounds a sandbox that waits. It is a backstop: none comes
	// near, and a claim puts the job's own bound in its place.
	parkedMemory = 256 << 20
)

// Park returns the specification of a sandbox that has no job yet: nothing but
// a kernel in namespaces and a control group of its own. rootfs is the file of
// the image that it is kept for, if that is known.
func Park(cgroup, rootfs string) *specs.Spec {
	s := &specs.Spec{
		Version: "1.1.0",
		Root:    &specs.Root{Path: "/", Readonly: true},
		Process: &specs.Process{
			Args: []string{"/pause"}, Cwd: "/", NoNewPrivileges: true, Capabilities: noCapabilities(),
		},
		Linux: &specs.Linux{
			CgroupsPath: cgroup,
			Resources:   parkedResources(),
			Namespaces:  parkedNamespaces(),
		},
		Annotations: map[string]string{annotationPark: "true"},
	}
	if rootfs != "" {
		s.Annotations[annotationRootfs] = rootfs
	}
	return s
}

// ParkInterpreter makes the specification of a job that runs an interpreter that
// of a sandbox in which it waits for one. The path of the interpreter is the
// job's only argument.
func ParkInterpreter(s *specs.Spec, interpreter string) {
	pids := s.Linux.Resources.Pids // the image's program runs already
	s.Linux.Resources = parkedResources()
	s.Linux.Resources.Pids = pids
	s.Annotations[annotationPark] = "true"
	s.Annotations[annotationInterpreter] = interpreter
	delete(s.Annotations, annotationReport) // there is no job whose end it could tell of
}

// ParkRestored makes the specification of a job that a saved program can become
// that of a sandbox in which it is restored. memory is what the program may have
// had. One that somebody waits for is not made to give way.
func ParkRestored(s *specs.Spec, dir string, memory int64, urgent bool) {
	pids := s.Linux.Resources.Pids // its tasks are there already
	s.Linux.Resources = parkedResources()
	s.Linux.Resources.Pids = pids
	*s.Linux.Resources.Memory.Limit += memory
	if urgent {
		*s.Linux.Resources.CPU.Shares = jobShares
	}
	s.Annotations[annotationPark] = "true"
	s.Annotations[annotationSnapshot] = dir
	delete(s.Annotations, annotationReport)
}

func parkedResources() *specs.LinuxResources {
	shares, memory := uint64(parkedShares), int64(parkedMemory)
	return &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &memory}, CPU: &specs.LinuxCPU{Shares: &shares}}
}

func parkedNamespaces() []specs.LinuxNamespace {
	var all []specs.LinuxNamespace
	for _, t := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.MountNamespace, specs.IPCNamespace,
		specs.UTSNamespace, specs.NetworkNamespace} {
		all = append(all, specs.LinuxNamespace{Type: t})
	}
	return all
}
