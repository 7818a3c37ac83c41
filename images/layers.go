package images

import (
	"context"
	"errors"
	"sync"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// copyLayers fetches and checks all layers, a few at a time, and returns how many
// bytes they unpack to. The first error ends the others.
func (s *session) copyLayers(ctx context.Context, from source, layers []v1.Descriptor, diffIDs []v1.Hash) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	budget := newBudget(s.Caps)
	slots := make(chan struct{}, max(s.Parallel, 1))
	var wg sync.WaitGroup
	for i, desc := range layers {
		l := layer{session: s, from: from, desc: desc, diffID: diffIDs[i], pin: s.pin(desc.Digest.Hex), budget: budget}
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := l.copy(ctx); err != nil {
				cancel(err) // the first one stays the cause
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return budget.files.used.Load(), nil
}

// layer is one layer on its way.
type layer struct {
	*session
	from   source
	desc   v1.Descriptor
	diffID v1.Hash
	pin    *pin
	budget *budget
}

// copy makes sure that the layer is in Blobs, sealed and checked, and that the
// tenant is one of its holders. It has the blob for itself, so that pulls of the
// same layer do the work once.
func (l *layer) copy(ctx context.Context) error {
	if err := l.pin.lock(ctx); err != nil {
		return err
	}
	defer l.pin.unlock()
	hex := l.desc.Digest.Hex
	info, err := l.Blobs.Stat(ctx, keyOf(hex))
	if err != nil && glovebox.KindOf(err) != glovebox.KindNotFound {
		return err
	}
	if err == nil && info.Sealed {
		return l.reuse(ctx, info.Size)
	}
	return l.fetch(ctx, info.Size)
}

// fetch gets a blob of which size bytes are there.
func (l *layer) fetch(ctx context.Context, size int64) error {
	resumed, err := l.fetchAll(ctx, size)
	if err != nil {
		return err
	}
	err = l.scan(ctx)
	if resumed && errors.Is(err, errOtherDigest) {
		if _, err = l.fetchAll(ctx, 0); err == nil { // the old part may have been the bad one
			err = l.scan(ctx)
		}
	}
	if err != nil {
		return err
	}
	return l.finish(ctx)
}

// reuse takes a blob that is there.
func (l *layer) reuse(ctx context.Context, size int64) error {
	if size != l.desc.Size {
		return corrupt("layer %s has %d bytes, not %d as its manifest says", l.desc.Digest, size, l.desc.Size)
	}
	holds, err := l.holds(ctx, l.desc.Digest.Hex)
	if err != nil {
		return err
	}
	if !holds {
		if err := l.compare(ctx); err != nil {
			return err
		}
	}
	l.progress(l.desc.Digest.String(), size, size)
	err = l.scan(ctx)
	if errors.Is(err, errOtherDigest) { // it was right when it was sealed: the disk has damaged it
		return l.fetch(ctx, 0)
	}
	if err != nil || holds {
		return err
	}
	return l.becomeHolder(ctx, l.desc.Digest.Hex)
}

// fetchAll grows the open blob to its full size, from what there is of it if
// that is ours.
func (l *layer) fetchAll(ctx context.Context, size int64) (resumed bool, err error) {
	hex := l.desc.Digest.Hex
	owns, err := l.owns(ctx, hex)
	if err != nil {
		return false, err
	}
	l.pins.setCreated(l.pin)
	if resumed = owns && size > 0 && size <= l.desc.Size; !resumed {
		if err := l.becomeOwner(ctx, hex); err != nil {
			return false, err
		}
		size = 0
	}
	return resumed, l.fill(ctx, size)
}

// finish seals what was checked. The size is looked at again because another
// replica may have appended behind the end of what was scanned.
func (l *layer) finish(ctx context.Context) error {
	hex := l.desc.Digest.Hex
	if err := l.Blobs.Seal(ctx, keyOf(hex)); err != nil {
		return err
	}
	info, err := l.Blobs.Stat(ctx, keyOf(hex))
	if err != nil {
		return err
	}
	if info.Size != l.desc.Size {
		return corrupt("layer %s has %d bytes after its end", l.desc.Digest, info.Size-l.desc.Size)
	}
	if err := l.becomeHolder(ctx, hex); err != nil {
		return err
	}
	return l.Blobs.Delete(ctx, ownerKey(hex))
}
