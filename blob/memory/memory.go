// Package memory keeps blobs in memory. It is the reference model of
// glovebox.Blobs: the simplest thing that keeps every promise of the contract
// but durability, and the oracle that other implementations are compared with.
package memory

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync"

	"glovebox"
	"glovebox/blob"
)

// Blobs is a glovebox.Blobs in memory. Use New.
type Blobs struct {
	mu      sync.RWMutex
	objects map[string]object
}

// object is a value: data only ever grows by append, so a slice taken under the
// lock stays right while others append behind its end.
type object struct {
	data   []byte
	sealed bool
}

// New returns an empty store.
func New() *Blobs { return &Blobs{objects: map[string]object{}} }

// Put implements glovebox.Blobs.
func (b *Blobs) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := blob.CheckKey(key); err != nil {
		return 0, err
	}
	if _, ok := b.get(key); ok {
		return 0, exists(key)
	}
	data, err := io.ReadAll(contextReader{ctx, r})
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.objects[key]; ok {
		return 0, exists(key)
	}
	b.objects[key] = object{data: data, sealed: true}
	return int64(len(data)), nil
}

// Append implements glovebox.Blobs.
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
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.objects[key]
	size := int64(len(o.data))
	switch {
	case offset > size:
		return size, glovebox.Errorf(glovebox.KindConflict, "append %s at %d: size is %d", key, offset, size)
	case o.sealed && offset+int64(len(p)) > size:
		return size, glovebox.Errorf(glovebox.KindConflict, "append %s at %d: sealed with %d bytes", key, offset, size)
	case o.sealed:
		return size, nil
	}
	if known := size - offset; known < int64(len(p)) {
		o.data = append(o.data, p[known:]...)
	}
	b.objects[key] = o
	return int64(len(o.data)), nil
}

// Seal implements glovebox.Blobs.
func (b *Blobs) Seal(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.objects[key]
	o.sealed = true
	b.objects[key] = o
	return nil
}

// Open implements glovebox.Blobs.
func (b *Blobs) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	o, ok := b.get(key)
	if !ok {
		return nil, notFound(key)
	}
	if offset < 0 || offset > int64(len(o.data)) {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "open %s at %d: size is %d", key, offset, len(o.data))
	}
	return io.NopCloser(bytes.NewReader(o.data[offset:])), nil
}

// Stat implements glovebox.Blobs.
func (b *Blobs) Stat(ctx context.Context, key string) (glovebox.BlobInfo, error) {
	if err := blob.CheckKey(key); err != nil {
		return glovebox.BlobInfo{}, err
	}
	o, ok := b.get(key)
	if !ok {
		return glovebox.BlobInfo{}, notFound(key)
	}
	return glovebox.BlobInfo{Size: int64(len(o.data)), Sealed: o.sealed}, nil
}

// Delete implements glovebox.Blobs.
func (b *Blobs) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := blob.CheckKey(key); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range keys {
		delete(b.objects, key)
	}
	return nil
}

// List implements glovebox.Blobs.
func (b *Blobs) List(ctx context.Context, prefix string, f func(string, glovebox.BlobInfo) error) error {
	var keys []string
	b.mu.RLock()
	for key := range b.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	b.mu.RUnlock()
	slices.Sort(keys)
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		if o, ok := b.get(key); ok { // f may have deleted it
			if err := f(key, glovebox.BlobInfo{Size: int64(len(o.data)), Sealed: o.sealed}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Blobs) get(key string) (object, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o, ok := b.objects[key]
	return o, ok
}

func notFound(key string) error {
	return glovebox.Errorf(glovebox.KindNotFound, "no blob %s", key)
}

func exists(key string) error {
	return glovebox.Errorf(glovebox.KindConflict, "blob %s exists", key)
}

// contextReader ends when ctx does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
