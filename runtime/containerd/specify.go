package containerd

import (
	"context"

	runcoptions "github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/typeurl/v2"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
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

// specify checks the job against its unpacked image and prepares what the
// runtime needs on disk. The sandbox's record must exist: from then on the
// image cannot go away, for RemoveImage looks at the records under the same
// lock.
func (r *Runtime) specify(ctx context.Context, s glovebox.SandboxSpec, container string) (specified, error) {
	dir, err := r.heldImage(ctx, s.Image)
	if err != nil {
		return specified{}, err
	}
	sandbox, _, err := r.inspect(s, container, dir)
	if err != nil {
		return specified{}, err
	}
	if s.Runtime == glovebox.RuntimeRunc {
		return r.specifyRunc(ctx, sandbox)
	}
	return r.specifyGVisor(ctx, sandbox, dir)
}

// heldImage is mountedImage for the sandbox of a record, which is quicker if the
// image is mounted.
func (r *Runtime) heldImage(ctx context.Context, img glovebox.Image) (string, error) {
	unlock, err := r.images.lock(ctx, img.Digest)
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := checkImage(img); err != nil {
		return "", err
	}
	if dir := r.imageDir(hexOf(img.Digest)); hostview.IsMount(dir) {
		return dir, nil
	}
	return r.mountedImage(ctx, img)
}

// inspect looks at what the job names in its image, and also returns the path of
// its program there.
func (r *Runtime) inspect(s glovebox.SandboxSpec, container, dir string) (sandbox ocispec.Sandbox, program string, err error) {
	sandbox = ocispec.Sandbox{Spec: s, Cgroup: r.cgroupOf(container), Files: grantable(s.Limits.Files),
		NoSwap: !r.groups.CountsSwap()}
	name := s.User
	if name == "" {
		name = s.Image.Defaults.User
	}
	key, keeps := lookedFor(s, name)
	if f, ok := r.looked.find(key); keeps && ok {
		sandbox.User, sandbox.Workdir = f.user, f.workdir
		return sandbox, f.program, nil
	}
	root, err := imageroot.Open(dir)
	if err != nil {
		return sandbox, "", glovebox.Errorf(glovebox.KindStart, "open image %s: %w", s.Image.Digest, err)
	}
	defer root.Close()
	if sandbox.User, err = root.User(name); err != nil {
		return sandbox, "", err
	}
	if sandbox.Workdir, _, err = root.Workdir(s.Workdir); err != nil {
		return sandbox, "", err
	}
	if len(s.Args) == 0 {
		return sandbox, "", glovebox.Errorf(glovebox.KindNoExecutable, "there is no command").On("cmd")
	}
	if s.Snapshot != "" {
		return sandbox, "", nil // it is not started: it runs already
	}
	program, err = root.Executable(s.Args[0], s.Env, sandbox.Workdir, sandbox.User)
	if err == nil && keeps {
		r.looked.keep(key, found{sandbox.User, sandbox.Workdir, program})
	}
	return sandbox, program, err
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
	if err := makeOut(root, s.User); err != nil {
		return specified{}, err
	}
	files, err := r.runcFiles(s.Spec, s.User)
	if err != nil {
		return specified{}, err
	}
	oci := ocispec.Build(s)
	oci.Mounts = append(oci.Mounts, files...)
	ocispec.Link(oci, s.Spec.Netns)
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
	rootfs, err := r.erofsImage(ctx, s.Spec.Image)
	if err != nil {
		return specified{}, err
	}
	s.Root = dir
	oci := ocispec.Build(s)
	ocispec.Link(oci, s.Spec.Netns)
	ocispec.GVisor(oci, ocispec.GVisorFiles{
		Rootfs: rootfs, Scratch: r.scratches(), Report: r.dir(s.Spec.ID, reportFile),
	}, s.Spec.Limits, s.Spec.Timeout)
	ocispec.Watch(oci, s.Spec.Watch)
	ocispec.Files(oci, s.Spec.Files)
	return r.gvisorSpecified(oci), nil
}

func (r *Runtime) gvisorSpecified(oci *specs.Spec) specified {
	return specified{OCI: oci, Runtime: containers.RuntimeInfo{Name: r.config.ShimBinary}, Group: groupID}
}

// cgroupOf is the path of a container's control group.
func (r *Runtime) cgroupOf(container string) string {
	return r.config.cgroupParent() + "/" + container
}
