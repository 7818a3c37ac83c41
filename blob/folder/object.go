package folder

import (
	"container/list"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// object is what is known of an object while somebody uses it, and of an open
// one also a while longer, because the next append is likely to come soon.
type object struct {
	key  string
	path string

	refs int           // guarded by Blobs.mu
	idle *list.Element // guarded by Blobs.mu; nil while refs > 0 or without a handle

	mu   sync.Mutex   // held by whoever changes the object
	file *os.File     // for appending; guarded by mu
	size atomic.Int64 // while file is set: bytes that may be read; else -1
}

// acquire returns the key's object; release must follow.
func (b *Blobs) acquire(key string) *object {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.objects[key]
	if o == nil {
		o = &object{key: key, path: fileName(key)}
		o.size.Store(-1)
		b.objects[key] = o
	}
	if o.idle != nil {
		b.idle.Remove(o.idle)
		o.idle = nil
	}
	o.refs++
	return o
}

// release forgets the object if it has no handle, and keeps it for the next
// append otherwise, at the cost of the one that was idle longest.
func (b *Blobs) release(o *object) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.refs--; o.refs > 0 {
		return
	}
	if o.file == nil {
		delete(b.objects, o.key)
		return
	}
	o.idle = b.idle.PushFront(o)
	for b.idle.Len() > maxHandles {
		oldest := b.idle.Remove(b.idle.Back()).(*object)
		oldest.close()
		delete(b.objects, oldest.key)
	}
}

// close gives up the handle. The caller holds mu or is the only user.
func (o *object) close() {
	if o.file != nil {
		_ = o.file.Close()
		o.file = nil
		o.size.Store(-1)
	}
}

// state is what the disk says about an object.
type state struct {
	exists bool
	sealed bool
	size   int64
}

const (
	openMode   = 0o600
	sealedMode = 0o400
)

// stat asks the disk. For a true answer the caller holds o.mu.
func (b *Blobs) stat(o *object) (state, error) {
	info, err := b.root.Stat(o.path)
	switch {
	case err == nil:
		return state{exists: true, sealed: info.Mode()&0o200 == 0, size: info.Size()}, nil
	case errors.Is(err, fs.ErrNotExist):
		return state{}, nil
	}
	return state{}, diskError("stat blob "+o.key, err)
}
