package fault

import (
	"context"
	"io"

	"glovebox"
)

// Blobs makes the calls of a store of bytes fail: "blobs." and the method's
// name.
func Blobs(p *Process, b glovebox.Blobs) glovebox.Blobs { return &blobs{b, p} }

type blobs struct {
	glovebox.Blobs
	p *Process
}

func (b *blobs) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	return through(b.p, "blobs.Put", func() (int64, error) { return b.Blobs.Put(ctx, key, r) })
}

// Append returns the size also with KindConflict, as the contract has it.
func (b *blobs) Append(ctx context.Context, key string, offset int64, data []byte) (int64, error) {
	return through(b.p, "blobs.Append", func() (int64, error) { return b.Blobs.Append(ctx, key, offset, data) })
}

func (b *blobs) Seal(ctx context.Context, key string) error {
	return run(b.p, "blobs.Seal", func() error { return b.Blobs.Seal(ctx, key) })
}

func (b *blobs) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	var opened io.ReadCloser
	r, err := through(b.p, "blobs.Open", func() (r io.ReadCloser, err error) {
		opened, err = b.Blobs.Open(ctx, key, offset)
		return opened, err
	})
	if err != nil && opened != nil {
		opened.Close() // nobody else has it
	}
	return r, err
}

func (b *blobs) Stat(ctx context.Context, key string) (glovebox.BlobInfo, error) {
	return through(b.p, "blobs.Stat", func() (glovebox.BlobInfo, error) { return b.Blobs.Stat(ctx, key) })
}

func (b *blobs) Delete(ctx context.Context, keys ...string) error {
	return run(b.p, "blobs.Delete", func() error { return b.Blobs.Delete(ctx, keys...) })
}

func (b *blobs) List(ctx context.Context, prefix string, f func(string, glovebox.BlobInfo) error) error {
	return run(b.p, "blobs.List", func() error { return b.Blobs.List(ctx, prefix, f) })
}
