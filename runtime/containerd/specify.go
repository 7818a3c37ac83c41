package containerd

import (
	"context"

	runcoptions "github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/typeurl/v2"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/runtime/containerd/internal/imageroot"
	"glovebox/runtime/containerd/internal/ocispec"
)

// runcRuntime is containerd's stock shim: a process for each sandbox.
const runcRuntime = "io.containerd.runc.v2"

// specified is all that containerd is told about a sandbox.
type specified struct {
	OCI     *specs.Spec
	Runtime containers.RuntimeInfo
	Group   string // containerd's sandbox that the container is in, if any
}

// specify checks the job against the unpacked image at dir and prepares what
// the runtime needs on disk.
func (r *Runtime) specify(ctx context.Context, s glovebox.SandboxSpec, dir string) (specified, error) {
	sandbox, err := r.inspect(s, dir)
	if err != nil {
		return specified{}, err
	}
	if s.Runtime == glovebox.RuntimeRunc {
		return r.specifyRunc(ctx, sandbox)
	}
	return r.specifyGVisor(ctx, sandbox, dir)
}

func (r *Runtime) inspect(s glovebox.SandboxSpec, dir string) (ocispec.Sandbox, error) {
	sandbox := ocispec.Sandbox{Spec: s, Cgroup: r.config.cgroupParent() + "/" + s.ID, Files: grantable(s.Limits.Files),
		NoSwap: !r.groups.CountsSwap()}
	root, err := imageroot.Open(dir)
	if err != nil {
		return sandbox, glovebox.Errorf(glovebox.KindStart, "open image %s: %w", s.Image.Digest, err)
	}
	defer root.Close()
	name := s.User
	if name == "" {
		name = s.Image.Defaults.User
	}
	if sandbox.User, err = root.User(name); err != nil {
		return sandbox, err
	}
	if sandbox.Workdir, _, err = root.Workdir(s.Workdir); err != nil {
		return sandbox, err
	}
	if len(s.Args) == 0 {
		return sandbox, glovebox.Errorf(glovebox.KindNoExecutable, "there is no command").On("cmd")
	}
	return sandbox, root.Executable(s.Args[0], s.Env, sandbox.Workdir, sandbox.User)
}

// grantable is at most what this process may have itself: raising a hard limit
// takes a privilege that root does not have everywhere.
func grantable(files int64) uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return uint64(files)
	}
	return min(uint64(files), l.Max)
}

func (r *Runtime) specifyRunc(ctx context.Context, s ocispec.Sandbox) (specified, error) {
	root, err := r.runcRoot(ctx, s.Spec)
	if err != nil {
		return specified{}, err
	}
	s.Root = root
	oci := ocispec.Build(s)
	ocispec.Runc(oci)
	options, err := typeurl.MarshalAny(&runcoptions.Options{
		Root: r.runcState(),
		// The shim's pipes belong to the job's user, so that it can open
		// /dev/stdout again.
		IoUid: ocispec.IDBase + s.User.UID,
		IoGid: ocispec.IDBase + s.User.GID,
	})
	if err != nil {
		return specified{}, glovebox.Errorf(glovebox.KindInternal, "encode runc's options: %w", err)
	}
	return specified{OCI: oci, Runtime: containers.RuntimeInfo{Name: runcRuntime, Options: options}}, nil
}

func (r *Runtime) specifyGVisor(ctx context.Context, s ocispec.Sandbox, dir string) (specified, error) {
	if err := r.ensureGroup(ctx); err != nil {
		return specified{}, err
	}
	if err := makeDir(r.dir(s.Spec.ID, scratchDir), 0o700); err != nil {
		return specified{}, err
	}
	s.Root = dir
	oci := ocispec.Build(s)
	ocispec.GVisor(oci, s.Spec.Limits, s.Spec.Timeout, r.dir(s.Spec.ID, scratchDir), r.dir(s.Spec.ID, reportFile))
	return specified{OCI: oci, Runtime: containers.RuntimeInfo{Name: r.config.ShimBinary}, Group: groupID}, nil
}
