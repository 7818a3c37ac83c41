package containerd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/anypb"

	"glovebox"
	"glovebox/runtime/containerd/internal/imageroot"
	"glovebox/runtime/containerd/internal/ocispec"
)

// What is in SandboxSpec.Files is on no disk: containerd, which keeps its
// containers' specifications on one, is not told. The gVisor shim gets the files
// by its own socket, with the claim or after the Create; for runc they are in a
// file system in memory, and its specification has only their paths.

// filesType says what is in the Update call that gives a sandbox its files.
const filesType = "dev.glovebox.files"

// giveFiles gives a sandbox that was created cold its files.
func (r *Runtime) giveFiles(ctx context.Context, s glovebox.SandboxSpec) error {
	if len(s.Files) == 0 || s.Runtime != glovebox.RuntimeGVisor {
		return nil
	}
	l, err := r.shim(ctx)
	if err != nil {
		return err
	}
	given, release, err := give(s.Files)
	if err != nil {
		return err
	}
	defer release()
	value, err := json.Marshal(given)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "the files cannot be written down")
	}
	defer clear(value)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err = l.Update(r.spoken(ctx), &task.UpdateTaskRequest{ID: s.ID, Resources: &anypb.Any{TypeUrl: filesType, Value: value}})
	return native(err)
}

// runcFiles puts the files into memory and returns the mounts that show them to
// the job. They go away with the mounts below the sandbox's folder.
func (r *Runtime) runcFiles(s glovebox.SandboxSpec, user imageroot.User) ([]specs.Mount, error) {
	if len(s.Files) == 0 {
		return nil, nil
	}
	dir := r.dir(s.ID, filesDir)
	mounts, err := placeFiles(dir, s.Files, ocispec.IDBase+int(user.UID), ocispec.IDBase+int(user.GID))
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindStart, "put the job's files into memory: %w", err)
	}
	return mounts, nil
}

func placeFiles(dir string, files []glovebox.File, uid, gid int) ([]specs.Mount, error) {
	if err := makeDir(dir, 0o711); err != nil {
		return nil, err
	}
	size := (2*glovebox.MaxFiles + 2) * os.Getpagesize()
	for _, f := range files {
		size += f.Data.Len() + os.Getpagesize()
	}
	options := fmt.Sprintf("mode=711,size=%d,nr_inodes=%d", size, 2*glovebox.MaxFiles+2)
	if err := unix.Mount("glovebox", dir, "tmpfs", unix.MS_NODEV|unix.MS_NOSUID|unix.MS_NOEXEC, options); err != nil {
		return nil, os.NewSyscallError("mount", err)
	}
	secrets := filepath.Join(dir, "secrets")
	if err := os.Mkdir(secrets, 0o700); err != nil {
		return nil, err
	}
	var mounts []specs.Mount
	for i, f := range files {
		at := filepath.Join(secrets, path.Base(f.Path))
		if path.Dir(f.Path) != glovebox.SecretsDir {
			at = filepath.Join(dir, fmt.Sprint(i))
			mounts = append(mounts, fileMount(at, f.Path))
		} else if !slices.ContainsFunc(mounts, func(m specs.Mount) bool { return m.Source == secrets }) {
			mounts = append(mounts, fileMount(secrets, glovebox.SecretsDir))
		}
		if err := writeNew(at, f.Data.Reveal()); err != nil {
			return nil, err
		}
		if err := errors.Join(os.Chown(at, uid, gid), os.Chmod(at, os.FileMode(f.Mode))); err != nil {
			return nil, err
		}
	}
	return mounts, errors.Join(os.Chown(secrets, uid, gid), os.Chmod(secrets, 0o500))
}

func fileMount(source, destination string) specs.Mount {
	return specs.Mount{Type: "bind", Source: source, Destination: destination, Options: []string{"bind", "ro", "nosuid", "nodev", "noexec"}}
}
