package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"glovebox"
)

const chunk = 256 << 10

// errTruncated is a layer that ended too early. The next attempt may get the
// rest; if none does, the source has no more.
var errTruncated = errors.New("ended early")

// persist repeats what a source let fail, as long as it gets somewhere or has
// attempts left. A registry that was silent for all its time is not asked again.
func (s *Stock) persist(ctx context.Context, try func() (moved bool, err error)) error {
	pause := s.Backoff
	for failures := 0; ; {
		moved, err := try()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, errSilent) || !errors.Is(err, errTruncated) && glovebox.KindOf(err) != glovebox.KindUnreachable {
			return err
		}
		if moved {
			failures, pause = 0, s.Backoff
		}
		if failures++; failures >= max(s.Attempts, 1) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		pause *= 2
	}
}

// fill streams the layer into Blobs from size on.
func (l *layer) fill(ctx context.Context, size int64) error {
	if size == l.desc.Size && size > 0 {
		return nil // whole, but its check was interrupted
	}
	return l.persist(ctx, func() (bool, error) {
		now, err := l.stream(ctx, size)
		moved := now > size
		size = now
		return moved, err
	})
}

// stream makes one attempt from size on and returns how far it came.
func (l *layer) stream(ctx context.Context, size int64) (int64, error) {
	r, at, err := l.from.blob(ctx, l.desc, size)
	if err != nil {
		return size, err
	}
	defer r.Close()
	if at > size {
		return size, corrupt("layer %s was sent from %d instead of %d on", l.desc.Digest, at, size)
	}
	if _, err := io.CopyN(io.Discard, r, size-at); err != nil {
		return size, l.short(err, at)
	}
	buf := make([]byte, chunk)
	for size < l.desc.Size {
		n, err := io.ReadFull(r, buf[:min(chunk, l.desc.Size-size)])
		if n > 0 {
			now, err := l.Blobs.Append(ctx, keyOf(l.desc.Digest.Hex), size, buf[:n])
			if err != nil {
				return size, err
			}
			size = now
			l.progress(l.desc.Digest.String(), size, l.desc.Size)
		}
		if err != nil {
			return size, l.short(err, size)
		}
	}
	if n, _ := io.ReadFull(r, buf[:1]); n > 0 {
		return size, corrupt("layer %s has more than the %d bytes its manifest says", l.desc.Digest, l.desc.Size)
	}
	if l.desc.Size == 0 {
		_, err = l.Blobs.Append(ctx, keyOf(l.desc.Digest.Hex), 0, nil)
	}
	return size, err
}

// short gives the end of a stream a kind, if it is just that.
func (l *layer) short(err error, at int64) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return corrupt("layer %s %w, after %d of %d bytes", l.desc.Digest, errTruncated, at, l.desc.Size)
	}
	return err
}

// compare fetches all of a blob that is already there, to see that the source
// has it, and keeps nothing of it.
func (l *layer) compare(ctx context.Context) error {
	return l.persist(ctx, func() (bool, error) { return false, l.compareOnce(ctx) })
}

func (l *layer) compareOnce(ctx context.Context) error {
	r, at, err := l.from.blob(ctx, l.desc, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(r, l.desc.Size+1))
	if err != nil {
		return l.short(err, n)
	}
	if at != 0 || n != l.desc.Size || hex.EncodeToString(h.Sum(nil)) != l.desc.Digest.Hex {
		return corrupt("layer %s of %d bytes is something else at its source", l.desc.Digest, l.desc.Size)
	}
	return nil
}
