package containerd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/runtime/containerd/internal/hostview"
)

func chainName(chain []digest.Digest) string { return identity.ChainID(chain).String() }

// imageDir is the folder of all image mounts, or one of them.
func (r *Runtime) imageDir(elem ...string) string {
	return filepath.Join(append([]string{r.config.Dir, "images"}, elem...)...)
}

// mountedImage returns where an image is mounted; KindImageInvalid if it was
// never unpacked, for a sandbox needs EnsureImage first.
func (r *Runtime) mountedImage(ctx context.Context, img glovebox.Image) (string, error) {
	if err := checkImage(img); err != nil {
		return "", err
	}
	dir := r.imageDir(hexOf(img.Digest))
	there, err := hostview.Mounts(dir)
	if err == nil && len(there) > 0 {
		return dir, nil
	}
	// After a boot the layers are there and the mounts are not.
	var mounts []mount.Mount
	err = r.call(ctx, patience, func(ctx context.Context) (err error) {
		mounts, err = r.snapshots().Mounts(ctx, viewKey(img.Digest))
		return err
	})
	if err != nil {
		return "", imageFault(img, err)
	}
	return dir, r.mountImage(img.Digest, mounts)
}

// mountImage mounts an image once, for all sandboxes, so that nobody can
// write to it or use what is special in it.
func (r *Runtime) mountImage(digest string, mounts []mount.Mount) error {
	dir := r.imageDir(hexOf(digest))
	if there, err := hostview.Mounts(dir); err == nil && len(there) > 0 {
		return nil
	}
	if err := makeDir(dir, 0o755); err != nil {
		return err
	}
	for i := range mounts {
		mounts[i].Options = append(mounts[i].Options, "ro", "nodev", "nosuid")
	}
	if err := mount.All(mounts, dir); err != nil {
		return glovebox.Errorf(glovebox.KindStart, "mount image %s: %w", digest, err)
	}
	return nil
}

func unmountImage(dir string) error {
	err := unix.Unmount(dir, unix.UMOUNT_NOFOLLOW)
	if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// RemoveImage implements glovebox.ImageStore. Layers that other images share
// stay.
func (r *Runtime) RemoveImage(ctx context.Context, name string) error {
	if err := digest.Digest(name).Validate(); err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "image digest %q: %w", name, err)
	}
	unlock, err := r.images.lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.unused(ctx, name); err != nil {
		return err
	}
	if err := unmountImage(r.imageDir(hexOf(name))); err != nil {
		return glovebox.Errorf(glovebox.KindConflict, "unmount image %s: %w", name, err)
	}
	// Before its record, so that none is left that nobody knows of.
	if err := r.removeErofs(name); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "remove the root of image %s: %w", name, err)
	}
	err = r.call(ctx, patience, func(ctx context.Context) error {
		if err := r.snapshots().Remove(ctx, viewKey(name)); !gone(err) {
			return err
		}
		return nil
	})
	if err == nil {
		// Also collects what an unfinished EnsureImage holds, and the layers.
		err = r.collect(ctx, name)
	}
	if err != nil {
		return imageFault(glovebox.Image{Digest: name}, err)
	}
	return nil
}

func (r *Runtime) collect(ctx context.Context, digest string) error {
	lease := leases.Lease{ID: viewKey(digest)}
	err := r.call(ctx, patience, func(ctx context.Context) error {
		_, err := r.client.LeasesService().Create(ctx, leases.WithID(lease.ID))
		if errdefs.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.dropLease(ctx, lease)
}

// unused is KindConflict if a sandbox was made from the image, or is kept for it.
func (r *Runtime) unused(ctx context.Context, digest string) error {
	ids, err := r.recorded()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if r.imageOf(id) == digest {
			return glovebox.Errorf(glovebox.KindConflict, "image %s is used by sandbox %s", digest, id).
				Try("remove it when its jobs have ended")
		}
	}
	return nil
}

// imageFault words an error of containerd about an image; a fetch's own stays.
func imageFault(img glovebox.Image, err error) error {
	var fetched fetchError
	if errors.As(err, &fetched) {
		return fetched.error
	}
	var e *glovebox.Error
	if errors.As(err, &e) {
		return e
	}
	if errdefs.IsNotFound(err) {
		return glovebox.Errorf(glovebox.KindImageInvalid, "image %s is not unpacked on this node", img.Digest)
	}
	kind := glovebox.KindInternal
	if strings.Contains(err.Error(), unix.ENOSPC.Error()) {
		kind = glovebox.KindUnavailable
	}
	return glovebox.Errorf(kind, "image %s: %w", img.Digest, err).Try("look at the node's free space and its containerd log")
}
