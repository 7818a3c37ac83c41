package glovebox

import (
	"context"
	"io"
)

// Blobs keeps bytes under keys. A key is one or more segments of
// [A-Za-z0-9._:-] joined by "/", none of them "." or "..", at most 512 bytes
// in all; anything else is KindInvalid. Implementations pass blobtest.
//
// An object is either written whole (Put) or grown (Append … Seal):
//
//	absent ──Append──▶ open ──Append──▶ open ──Seal──▶ sealed
//	absent ──Put─────▶ sealed
//
// A sealed object never changes and survives a power cut. An open one can be
// read up to its size while it grows.
type Blobs interface {
	// Put stores all of r under key, atomically: readers see nothing or all.
	// It returns the size. A key that exists is replaced only by equal
	// content-addressed callers, so Put to an existing key is KindConflict. If
	// r fails, its error is returned as it is and nothing is kept.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)

	// Append writes p at offset if the object's size is offset, creating it at
	// offset 0. If the object already has those bytes' range (a repeat after a
	// lost reply) it does nothing. A gap, or a sealed object that would grow,
	// is KindConflict. It returns the size now, also with KindConflict.
	Append(ctx context.Context, key string, offset int64, p []byte) (int64, error)

	// Seal makes an open object durable and final; sealing twice is fine. An
	// absent one is created empty.
	Seal(ctx context.Context, key string) error

	// Open reads from offset to the size at this moment. The caller closes.
	// KindNotFound; an offset past the end is KindInvalid.
	Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error)

	// Stat returns the size and whether it is sealed; KindNotFound.
	Stat(ctx context.Context, key string) (BlobInfo, error)

	// Delete removes keys; those that are absent are no error.
	Delete(ctx context.Context, keys ...string) error

	// List calls f for each object whose key starts with prefix, in key order,
	// until f returns an error, which List returns.
	List(ctx context.Context, prefix string, f func(key string, info BlobInfo) error) error
}

// BlobInfo describes an object.
type BlobInfo struct {
	Size   int64
	Sealed bool
}
