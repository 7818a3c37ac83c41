package containerd

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/mount"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
	"glovebox/runtime/containerd/internal/ocispec"
)

// shiftedLayers returns the folders of an image's layers, the topmost first,
// as seen through a read-only mount that shifts their owners into the range of
// runc's user namespaces. The mount is one for all images, made once; the
// files themselves stay as they are.
func (r *Runtime) shiftedLayers(ctx context.Context, img glovebox.Image) ([]string, error) {
	var mounts []mount.Mount
	err := r.call(ctx, patience, func(ctx context.Context) (err error) {
		mounts, err = r.snapshots().Mounts(ctx, viewKey(img.Digest))
		return err
	})
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindStart, "find the layers of image %s: %w", img.Digest, err)
	}
	plain := lowerDirs(mounts)
	if len(plain) == 0 {
		return nil, glovebox.Errorf(glovebox.KindInternal, "image %s has no layers on disk: %v", img.Digest, mounts)
	}
	// Each is <snapshots>/<number>/fs.
	snapshots := filepath.Dir(filepath.Dir(plain[0]))
	if err := r.shift(ctx, snapshots); err != nil {
		return nil, glovebox.Errorf(glovebox.KindStart, "mount the layers with shifted owners: %w", err).
			Try("runc needs Linux 5.19 or later and a file system that can shift owners, such as ext4 or xfs")
	}
	var shifted []string
	for _, dir := range plain {
		rel, err := filepath.Rel(snapshots, dir)
		if err != nil || strings.HasPrefix(rel, "..") {
			return nil, glovebox.Errorf(glovebox.KindInternal, "layer %s lies outside %s", dir, snapshots)
		}
		shifted = append(shifted, filepath.Join(r.layersDir(), rel))
	}
	return shifted, nil
}

// lowerDirs reads the layers off what the overlay snapshotter would mount for
// a view: an overlay, or a bind mount if there is one layer only.
func lowerDirs(mounts []mount.Mount) []string {
	if len(mounts) != 1 {
		return nil
	}
	if mounts[0].Type != "overlay" {
		return []string{mounts[0].Source}
	}
	for _, o := range mounts[0].Options {
		if dirs, ok := strings.CutPrefix(o, "lowerdir="); ok {
			return strings.Split(dirs, ":")
		}
	}
	return nil
}

func (r *Runtime) layersDir() string { return filepath.Join(r.config.Dir, "layers") }

func (r *Runtime) shift(ctx context.Context, snapshots string) error {
	unlock, err := r.images.lock(ctx, "layers")
	if err != nil {
		return err
	}
	defer unlock()
	there, err := hostview.Mounts(r.layersDir())
	if err != nil || len(there) > 0 {
		return err
	}
	if err := makeDir(r.layersDir(), 0o711); err != nil {
		return err
	}
	ids := fmt.Sprintf("0:%d:%d", ocispec.IDBase, ocispec.IDCount)
	userns, err := mount.GetUsernsFD(ids, ids)
	if err != nil {
		return err
	}
	defer userns.Close()
	return mount.IDMapMountWithAttrs(snapshots, r.layersDir(), int(userns.Fd()),
		unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOSUID, 0)
}
