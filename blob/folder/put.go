package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"glovebox"
	"glovebox/blob"
)

// Put implements glovebox.Blobs: it writes a temporary file, syncs it and links
// it under its name, which fails rather than replace what another Put was faster
// with.
func (b *Blobs) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := blob.CheckKey(key); err != nil {
		return 0, err
	}
	o := b.acquire(key)
	defer b.release(o)
	if err := b.absent(o); err != nil { // before reading all of r for nothing
		return 0, err
	}
	tmp := path.Join(tmpDir, glovebox.NewID(""))
	defer func() { _ = b.root.Remove(tmp) }()
	n, err := b.writeTemp(ctx, tmp, r)
	if err != nil {
		return 0, err
	}

	o.mu.Lock()
	defer o.mu.Unlock()
	if err := b.link(o, tmp); err != nil {
		return 0, err
	}
	if err := b.step("put.syncdirs", func() error { return b.syncParents(o.path) }); err != nil {
		_ = b.remove(o.path)
		return 0, diskError("put blob "+key, err)
	}
	return n, nil
}

func (b *Blobs) absent(o *object) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	st, err := b.stat(o)
	if err == nil && st.exists {
		err = exists(o.key)
	}
	return err
}

// writeTemp copies r into a synced file that is already marked as sealed. It
// tells r's errors, which are returned as they are, from the disk's.
func (b *Blobs) writeTemp(ctx context.Context, tmp string, r io.Reader) (int64, error) {
	var f *os.File
	err := b.step("put.create", func() (err error) {
		f, err = b.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, sealedMode)
		return err
	})
	if err != nil {
		return 0, diskError("create temporary blob", err)
	}
	defer f.Close()
	source := &source{ctx: ctx, r: r}
	var n int64
	err = b.step("put.write", func() (err error) {
		n, err = io.Copy(f, source)
		return err
	})
	if source.err != nil {
		return 0, source.err
	}
	if err == nil {
		err = b.step("put.sync", f.Sync)
	}
	if err != nil {
		return 0, diskError("write temporary blob", err)
	}
	return n, nil
}

func (b *Blobs) link(o *object, tmp string) error {
	b.dirs.RLock()
	defer b.dirs.RUnlock()
	err := b.step("put.link", func() error {
		if err := b.root.MkdirAll(path.Dir(o.path), 0o700); err != nil {
			return err
		}
		return b.root.Link(tmp, o.path)
	})
	if errors.Is(err, fs.ErrExist) {
		return exists(o.key)
	}
	if err != nil {
		return diskError("link blob "+o.key, err)
	}
	return nil
}

func exists(key string) error {
	return glovebox.Errorf(glovebox.KindConflict, "blob %s exists", key)
}

// source remembers r's error and ends with ctx.
type source struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
