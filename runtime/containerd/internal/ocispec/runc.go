package ocispec

import (
	"github.com/containerd/containerd/v2/contrib/seccomp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A job of runc is root or whoever it is only inside a user namespace: its ids
// are shifted by IDBase on the host, where nobody has them.
const (
	IDBase  = 1 << 31
	IDCount = 1<<31 - 2 // the last id of all is reserved by the kernel
)

// Runc adds what stands between a job and the host's kernel where that is the
// job's kernel too: containerd's default system call filter and a user
// namespace.
func Runc(s *specs.Spec) {
	ids := []specs.LinuxIDMapping{{ContainerID: 0, HostID: IDBase, Size: IDCount}}
	s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
	s.Linux.UIDMappings, s.Linux.GIDMappings = ids, ids
	s.Linux.Seccomp = seccomp.DefaultProfile(s)
}
