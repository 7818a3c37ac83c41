package containerd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/containerd/containerd/v2/core/mount"
	"golang.org/x/sys/unix"

	"glovebox"
)

// ownInodes is what the layout of the scratch layer takes itself, and what
// writeNames and makeOut put there; a job's bound counts on top.
const ownInodes = 14

// scratches is the folder on the disk for the writable layers of gVisor's
// sandboxes, which are files without names.
func (r *Runtime) scratches() string { return filepath.Join(r.config.Dir, scratchesDir) }

// runcRoot mounts a root file system for runc: the image's layers below, owned
// by the shifted ids of the job's user namespace, and above them a tmpfs that
// is full at the job's bound on bytes or files. What is written there counts
// as the job's memory too.
func (r *Runtime) runcRoot(ctx context.Context, s glovebox.SandboxSpec) (string, error) {
	lower, err := r.shiftedLayers(ctx, s.Image)
	if err != nil {
		return "", err
	}
	scratch, root := r.dir(s.ID, scratchDir), r.dir(s.ID, rootDir)
	for _, dir := range []string{scratch, root} {
		if err := makeDir(dir, 0o711); err != nil {
			return "", err
		}
	}
	options := fmt.Sprintf("mode=711,size=%d,nr_inodes=%d", s.Limits.Disk, s.Limits.Inodes+ownInodes)
	if err := unix.Mount("glovebox", scratch, "tmpfs", unix.MS_NODEV|unix.MS_NOSUID, options); err != nil {
		return "", glovebox.Errorf(glovebox.KindStart, "mount the scratch layer: %w", err)
	}
	upper, work := filepath.Join(scratch, "upper"), filepath.Join(scratch, "work")
	if err := errors.Join(os.Mkdir(upper, 0o755), os.Mkdir(work, 0o700), likeImage(upper, lower[0])); err != nil {
		return "", glovebox.Errorf(glovebox.KindStart, "prepare the scratch layer: %w", err)
	}
	if err := overlay(root, lower, upper, work); err != nil {
		return "", glovebox.Errorf(glovebox.KindStart, "mount the root file system: %w", err)
	}
	if err := writeNames(root, s.ID); err != nil {
		return "", err
	}
	return root, r.checkPassable(root)
}

// likeImage gives the upper root folder the mode and owner of the image's,
// because in an overlay the upper one's count.
func likeImage(upper, lower string) error {
	info, err := os.Stat(lower)
	if err != nil {
		return err
	}
	st := info.Sys().(*syscall.Stat_t)
	// lower is seen through the shifting mount: its owner is shifted already.
	return errors.Join(os.Chown(upper, int(st.Uid), int(st.Gid)), os.Chmod(upper, info.Mode()))
}

// overlay leaves it to containerd's mount code to fit the paths of many layers
// into the one page that the kernel takes.
func overlay(target string, lower []string, upper, work string) error {
	m := mount.Mount{Type: "overlay", Source: "glovebox", Options: []string{
		"nodev", "nosuid", "lowerdir=" + strings.Join(lower, ":"), "upperdir=" + upper, "workdir=" + work,
	}}
	return m.Mount(target)
}

// checkPassable says which folder above dir is closed to the job's shifted ids.
func (r *Runtime) checkPassable(dir string) error {
	for at := filepath.Dir(dir); at != "/"; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return glovebox.Errorf(glovebox.KindStart, "look at %s: %w", at, err)
		}
		if info.Mode()&0o001 == 0 {
			return glovebox.Errorf(glovebox.KindStart, "runc's jobs, who are nobody on this node, cannot pass %s", at).
				Try("chmod o+x %s, or put the data folder elsewhere", at)
		}
	}
	return nil
}

// makeDir makes one folder with exactly the mode; one that is there is fine.
func makeDir(dir string, mode fs.FileMode) error {
	err := os.Mkdir(dir, mode)
	if err == nil {
		err = os.Chmod(dir, mode)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return glovebox.Errorf(glovebox.KindStart, "make %s: %w", strings.TrimSuffix(dir, "/"), err)
	}
	return nil
}
