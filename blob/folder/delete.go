package folder

import (
	"context"

	"glovebox/blob"
)

// Delete implements glovebox.Blobs. Who has the object open reads on.
func (b *Blobs) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := blob.CheckKey(key); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.deleteOne(key); err != nil {
			return diskError("delete blob "+key, err)
		}
	}
	return nil
}

func (b *Blobs) deleteOne(key string) error {
	o := b.acquire(key)
	defer b.release(o)
	o.mu.Lock()
	defer o.mu.Unlock()
	return b.step("delete.remove", func() error {
		o.close()
		return b.remove(o.path)
	})
}
