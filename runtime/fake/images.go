package fake

import (
	"context"
	"io"

	"glovebox"
)

// image is one that was asked for; its lock is held while it is fetched, so
// that callers who come meanwhile share the work.
type image struct {
	lock     chan struct{}
	unpacked bool
}

// EnsureImage implements glovebox.ImageStore: it fetches every layer and
// throws the bytes away.
func (r *Runtime) EnsureImage(ctx context.Context, img glovebox.Image, fetch glovebox.FetchBlob) error {
	if img.Digest == "" || len(img.Layers) == 0 {
		return glovebox.Errorf(glovebox.KindImageInvalid, "image %q has no layers", img.Digest)
	}
	r.mu.Lock()
	i := r.images[img.Digest]
	if i == nil {
		i = &image{lock: make(chan struct{}, 1)}
		r.images[img.Digest] = i
	}
	r.mu.Unlock()
	select {
	case i.lock <- struct{}{}:
		defer func() { <-i.lock }()
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	there := i.unpacked
	r.mu.Unlock()
	if there {
		return nil
	}
	for _, l := range img.Layers {
		if err := fetch(ctx, l.Digest, 0, io.Discard); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i.unpacked = true
	r.images[img.Digest] = i // RemoveImage may have been faster
	return nil
}

// ImageDigests implements glovebox.ImageStore.
func (r *Runtime) ImageDigests(context.Context) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for d, i := range r.images {
		if i.unpacked {
			all = append(all, d)
		}
	}
	return all, nil
}

// RemoveImage implements glovebox.ImageStore.
func (r *Runtime) RemoveImage(_ context.Context, digest string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, b := range r.sandboxes {
		if b.spec.Image.Digest == digest {
			return glovebox.Errorf(glovebox.KindConflict, "image %s is used by sandbox %s", digest, id)
		}
	}
	for id, t := range r.parked {
		if t.Image.Digest == digest {
			return glovebox.Errorf(glovebox.KindConflict, "image %s is kept ready by parked sandbox %s", digest, id)
		}
	}
	delete(r.images, digest)
	return nil
}
