package images

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is the memory a zstd stream may ask for: what its own command-line
// tool takes.
const maxWindow = 128 << 20

var (
	gzipMagic = []byte{0x1f, 0x8b, 0x08}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	xzMagic   = []byte{0xfd, '7', 'z', 'X'}
	bzipMagic = []byte{'B', 'Z', 'h'}
)

// decompress looks at how a stream begins, as the unpacker does later, and not at
// what it is called. done frees the decompressor.
func decompress(r *bufio.Reader) (plain io.Reader, done func(), err error) {
	head, err := r.Peek(4)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, err
		}
		return z, func() {}, nil
	case bytes.HasPrefix(head, zstdMagic), isSkippable(head):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case bytes.HasPrefix(head, xzMagic), bytes.HasPrefix(head, bzipMagic):
		return nil, nil, errors.New("compressed with something else than gzip or zstd")
	}
	return r, func() {}, nil
}

// isSkippable tells a frame that a zstd stream may begin with.
func isSkippable(head []byte) bool {
	return len(head) == 4 && head[0]&0xf0 == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18
}
