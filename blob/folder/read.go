package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"glovebox"
	"glovebox/blob"
)

// Open implements glovebox.Blobs.
func (b *Blobs) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	o := b.acquire(key)
	defer b.release(o)
	st, err := b.visible(o)
	if err != nil {
		return nil, err
	}
	if offset < 0 || offset > st.size {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "open %s at %d: size is %d", key, offset, st.size)
	}
	f, err := b.root.Open(o.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound(key)
	}
	if err == nil {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		return nil, diskError("open blob "+key, err)
	}
	return &reader{limited: io.LimitedReader{R: f, N: st.size - offset}, file: f}, nil
}

// Stat implements glovebox.Blobs.
func (b *Blobs) Stat(ctx context.Context, key string) (glovebox.BlobInfo, error) {
	if err := blob.CheckKey(key); err != nil {
		return glovebox.BlobInfo{}, err
	}
	o := b.acquire(key)
	defer b.release(o)
	st, err := b.visible(o)
	return glovebox.BlobInfo{Size: st.size, Sealed: st.sealed}, err
}

// visible returns what readers may see: of an open object that is being written
// to the bytes of finished appends, without waiting for the one under way.
func (b *Blobs) visible(o *object) (state, error) {
	if size := o.size.Load(); size >= 0 {
		return state{exists: true, size: size}, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if size := o.size.Load(); size >= 0 {
		return state{exists: true, size: size}, nil
	}
	st, err := b.stat(o)
	if err == nil && !st.exists {
		err = notFound(o.key)
	}
	return st, err
}

func notFound(key string) error {
	return glovebox.Errorf(glovebox.KindNotFound, "no blob %s", key)
}

// reader reads a file up to the size it had for readers when it was opened.
type reader struct {
	limited io.LimitedReader
	file    *os.File
}

func (r *reader) Read(p []byte) (int, error) { return r.limited.Read(p) }

// WriteTo lets a copy into a socket or file happen in the kernel.
func (r *reader) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, &r.limited) }

func (r *reader) Close() error { return r.file.Close() }
