package containerd

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"

	"glovebox"
)

// snapshotter keeps the unpacked layers.
const snapshotter = "overlayfs"

// Labels of the view that stands for an image. labelRoot keeps it, and with it
// the layers below it, from containerd's garbage collection; what was fetched
// and is not referred to, such as the packed layers, is collected.
const (
	labelRoot   = "containerd.io/gc.root"
	labelDigest = "dev.glovebox.digest"
)

// unpackPatience bounds one call of containerd that unpacks a layer.
const unpackPatience = 30 * time.Minute

func (r *Runtime) snapshots() snapshots.Snapshotter { return r.client.SnapshotService(snapshotter) }

// viewKey names the snapshot that stands for an unpacked image.
func viewKey(digest string) string { return "image-" + hexOf(digest) }

func hexOf(digest string) string { return digest[strings.IndexByte(digest, ':')+1:] }

// EnsureImage implements glovebox.ImageStore. It holds a lease while it works,
// so that nothing half-made is collected, and deletes it in the end. After a
// crash the next call takes the same lease and goes on. What a sandbox of the
// image needs is made here in full, so that no job waits for it.
func (r *Runtime) EnsureImage(ctx context.Context, img glovebox.Image, fetch glovebox.FetchBlob) error {
	if err := checkImage(img); err != nil {
		return err
	}
	unlock, err := r.images.lock(ctx, img.Digest) // callers that wait find it done
	if err != nil {
		return err
	}
	defer unlock()
	before := r.lives("")
	var mounts []mount.Mount
	err = r.call(ctx, patience, func(ctx context.Context) (err error) {
		mounts, err = r.snapshots().Mounts(ctx, viewKey(img.Digest))
		return err
	})
	if errdefs.IsNotFound(err) {
		mounts, err = r.unpack(ctx, img, fetch)
	}
	if err != nil && ctx.Err() == nil && !r.livedOn(ctx, before, "") {
		return glovebox.Errorf(glovebox.KindUnavailable, "containerd died while image %s was unpacked: %w", img.Digest, err).
			Try("try again: it is started again at once")
	}
	if err != nil {
		return imageFault(img, err)
	}
	if err := r.mountImage(img.Digest, mounts); err != nil || !r.config.has(glovebox.RuntimeGVisor) {
		return err
	}
	_, err = r.erofsImage(ctx, img)
	return err
}

func checkImage(img glovebox.Image) error {
	if err := digest.Digest(img.Digest).Validate(); err != nil {
		return glovebox.Errorf(glovebox.KindImageInvalid, "image digest %q: %w", img.Digest, err)
	}
	if len(img.Layers) == 0 {
		return glovebox.Errorf(glovebox.KindImageInvalid, "image %s has no layers", img.Digest).
			Try("an image needs at least one layer with the command in it")
	}
	for _, l := range img.Layers {
		if err := errors.Join(digest.Digest(l.Digest).Validate(), digest.Digest(l.DiffID).Validate()); err != nil {
			return glovebox.Errorf(glovebox.KindImageInvalid, "layer %q of image %s: %w", l.Digest, img.Digest, err)
		}
	}
	return nil
}

func (r *Runtime) unpack(ctx context.Context, img glovebox.Image, fetch glovebox.FetchBlob) ([]mount.Mount, error) {
	lease := leases.Lease{ID: viewKey(img.Digest)}
	manager := r.client.LeasesService()
	err := r.call(ctx, patience, func(ctx context.Context) error {
		_, err := manager.Create(ctx, leases.WithID(lease.ID))
		if errdefs.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	leased := leases.WithLease(ctx, lease.ID)
	chain, err := r.applyLayers(leased, img.Layers, fetch)
	if err != nil {
		return nil, err // the lease stays: what is fetched and unpacked is not lost to the next try
	}
	var mounts []mount.Mount
	err = r.call(leased, patience, func(ctx context.Context) (err error) {
		mounts, err = r.snapshots().View(ctx, viewKey(img.Digest), chain, snapshots.WithLabels(map[string]string{
			labelRoot: time.Now().UTC().Format(time.RFC3339), labelDigest: img.Digest, labelInstance: r.config.Instance,
		}))
		if errdefs.IsAlreadyExists(err) {
			mounts, err = r.snapshots().Mounts(ctx, viewKey(img.Digest))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return mounts, r.dropLease(ctx, lease)
}

// dropLease lets go of what an image's unpacking held and has it collected.
func (r *Runtime) dropLease(ctx context.Context, lease leases.Lease) error {
	return r.call(ctx, patience, func(ctx context.Context) error {
		err := r.client.LeasesService().Delete(ctx, lease, leases.SynchronousDelete)
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	})
}

// ImageDigests implements glovebox.ImageStore.
func (r *Runtime) ImageDigests(ctx context.Context) ([]string, error) {
	var digests []string
	err := r.call(ctx, patience, func(ctx context.Context) error {
		digests = nil
		return r.snapshots().Walk(ctx, func(_ context.Context, info snapshots.Info) error {
			if d := info.Labels[labelDigest]; d != "" && info.Name == viewKey(d) {
				digests = append(digests, d)
			}
			return nil
		})
	})
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "list images: %w", err)
	}
	return digests, nil
}
