package metrics

import (
	"context"
	"io"

	"github.com/prometheus/client_golang/prometheus"

	"glovebox"
)

// Blobs returns next with every call timed and its errors counted by kind. For
// Put and List that includes the time of the reader and the function they are
// given.
func (m *Metrics) Blobs(next glovebox.Blobs) glovebox.Blobs { return &blobs{next, m.blobs, m.appended} }

type blobs struct {
	next     glovebox.Blobs
	calls    calls
	appended prometheus.Counter
}

func (b *blobs) Put(ctx context.Context, key string, r io.Reader) (size int64, err error) {
	defer b.calls.began("Put")(&err)
	return b.next.Put(ctx, key, r)
}

func (b *blobs) Append(ctx context.Context, key string, offset int64, p []byte) (size int64, err error) {
	defer b.calls.began("Append")(&err)
	size, err = b.next.Append(ctx, key, offset, p)
	if err == nil {
		b.appended.Add(float64(len(p)))
	}
	return size, err
}

func (b *blobs) Seal(ctx context.Context, key string) (err error) {
	defer b.calls.began("Seal")(&err)
	return b.next.Seal(ctx, key)
}

func (b *blobs) Open(ctx context.Context, key string, offset int64) (r io.ReadCloser, err error) {
	defer b.calls.began("Open")(&err)
	return b.next.Open(ctx, key, offset)
}

func (b *blobs) Stat(ctx context.Context, key string) (info glovebox.BlobInfo, err error) {
	defer b.calls.began("Stat")(&err)
	return b.next.Stat(ctx, key)
}

func (b *blobs) Delete(ctx context.Context, keys ...string) (err error) {
	defer b.calls.began("Delete")(&err)
	return b.next.Delete(ctx, keys...)
}

func (b *blobs) List(ctx context.Context, prefix string, f func(key string, info glovebox.BlobInfo) error) (err error) {
	defer b.calls.began("List")(&err)
	return b.next.List(ctx, prefix, f)
}
