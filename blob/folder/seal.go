package folder

import (
	"context"
	"os"

	"glovebox/blob"
)

// Seal implements glovebox.Blobs. The bytes are on disk before the mark is made,
// and the mark before Seal returns: a power cut never leaves a sealed object with
// bytes missing. Sealing again syncs again, for the first one may have been cut
// short after the mark.
func (b *Blobs) Seal(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	o := b.acquire(key)
	defer b.release(o)
	o.mu.Lock()
	defer o.mu.Unlock()

	st, err := b.stat(o)
	if err != nil {
		return err
	}
	switch {
	case !st.exists:
		err = b.create(o)
	case st.sealed:
		return b.syncSealed(o)
	case o.file == nil:
		err = b.reopen(o, st.size)
	}
	if err != nil {
		return err
	}
	if err := b.mark(o); err != nil {
		_ = o.file.Chmod(openMode) // still open, then; a retry starts over
		return diskError("seal blob "+key, err)
	}
	o.close()
	return nil
}

func (b *Blobs) mark(o *object) error {
	if err := b.step("seal.sync", o.file.Sync); err != nil {
		return err
	}
	if err := b.step("seal.mark", func() error { return o.file.Chmod(sealedMode) }); err != nil {
		return err
	}
	if err := b.step("seal.syncmark", o.file.Sync); err != nil {
		return err
	}
	return b.step("seal.syncdirs", func() error { return b.syncParents(o.path) })
}

func (b *Blobs) syncSealed(o *object) error {
	f, err := b.root.Open(o.path)
	if err != nil {
		return diskError("open blob "+o.key, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return diskError("sync blob "+o.key, err)
	}
	if err := b.syncParents(o.path); err != nil {
		return diskError("sync blob "+o.key, err)
	}
	return nil
}

// syncParents makes a file's name durable, and the names of the folders above.
func (b *Blobs) syncParents(file string) error {
	for _, dir := range append(parents(file), objectsDir) {
		if err := b.syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func (b *Blobs) syncDir(dir string) error {
	d, err := b.root.OpenFile(dir, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
