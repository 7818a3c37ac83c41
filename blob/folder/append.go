package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"glovebox"
	"glovebox/blob"
)

// Append implements glovebox.Blobs. It writes to the page cache and never syncs:
// that is for Seal.
func (b *Blobs) Append(ctx context.Context, key string, offset int64, p []byte) (int64, error) {
	if err := blob.CheckKey(key); err != nil {
		return 0, err
	}
	if offset < 0 {
		return 0, glovebox.Errorf(glovebox.KindInvalid, "append %s at %d: negative offset", key, offset)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	o := b.acquire(key)
	defer b.release(o)
	o.mu.Lock()
	defer o.mu.Unlock()

	created := false
	if o.file == nil {
		st, err := b.stat(o)
		if err != nil {
			return 0, err
		}
		if st.sealed || offset > st.size {
			return st.size, repeated(key, offset, len(p), st)
		}
		if created = !st.exists; created {
			err = b.create(o)
		} else {
			err = b.reopen(o, st.size)
		}
		if err != nil {
			return st.size, err
		}
	}
	return b.write(o, offset, p, created)
}

// repeated judges an append that can write nothing: it is fine if the object
// has those bytes already.
func repeated(key string, offset int64, n int, st state) error {
	if offset+int64(n) <= st.size {
		return nil
	}
	how := "open"
	if st.sealed {
		how = "sealed"
	}
	return glovebox.Errorf(glovebox.KindConflict, "append %s at %d: it is %s with %d bytes", key, offset, how, st.size)
}

func (b *Blobs) create(o *object) error {
	b.dirs.RLock()
	defer b.dirs.RUnlock()
	err := b.step("append.create", func() (err error) {
		if err = b.root.MkdirAll(path.Dir(o.path), 0o700); err != nil {
			return err
		}
		o.file, err = b.root.OpenFile(o.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, openMode)
		return err
	})
	if err != nil {
		return diskError("create blob "+o.key, err)
	}
	o.size.Store(0)
	return nil
}

func (b *Blobs) reopen(o *object, size int64) (err error) {
	if o.file, err = b.root.OpenFile(o.path, os.O_RDWR, 0); err != nil {
		return diskError("open blob "+o.key, err)
	}
	o.size.Store(size)
	return nil
}

// write appends what is new in p. If that fails, the object is what it was:
// half a write is taken back, so that its size always is one the caller was told.
func (b *Blobs) write(o *object, offset int64, p []byte, created bool) (int64, error) {
	size := o.size.Load()
	if offset > size {
		return size, repeated(o.key, offset, len(p), state{size: size})
	}
	known := size - offset
	if known >= int64(len(p)) {
		return size, nil
	}
	p = p[known:]
	err := b.step("append.write", func() error {
		_, err := o.file.WriteAt(p, size)
		return err
	})
	if err == nil {
		o.size.Store(size + int64(len(p)))
		return size + int64(len(p)), nil
	}
	if created {
		o.close()
		b.remove(o.path)
	} else if o.file.Truncate(size) != nil {
		o.close() // what is there now is for the next call to find out
	}
	return size, diskError("append to blob "+o.key, err)
}

// remove takes away a file and the folders it leaves empty.
func (b *Blobs) remove(file string) error {
	if err := b.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	b.dirs.Lock()
	defer b.dirs.Unlock()
	for _, dir := range parents(file) {
		if b.root.Remove(dir) != nil {
			break // not empty, or gone
		}
	}
	return nil
}
