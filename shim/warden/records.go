package warden

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// What a job has left goes over a pipe as records, each with the path relative
// to OutDir. Numbers are big endian.
//
//	'd' mode:16 length:16 path                 a folder
//	'f' mode:16 length:16 size:64 path bytes…  a file, and size bytes
//	'e' number:64                              the end, and how many were left out
//	'!' length:16 text                         it cannot be gone on with
//
// A pipe that ends before 'e' is of a sandbox that ended.
const (
	recordFolder = 'd'
	recordFile   = 'f'
	recordEnd    = 'e'
	recordFailed = '!'

	maxFailedText = 512
	recordBuffer  = 256 << 10
)

// records are written into a pipe that blocks.
type records struct {
	pipe int
	buf  []byte // what is in it was not written yet
	err  error
}

func newRecords(pipe int) *records {
	return &records{pipe: pipe, buf: make([]byte, 0, recordBuffer)}
}

// errReader is that nobody reads any more.
var errReader = errors.New("nobody reads")

// flush writes what is in the buffer.
func (r *records) flush() error {
	for rest := r.buf; len(rest) > 0 && r.err == nil; {
		n, err := unix.Write(r.pipe, rest)
		switch {
		case err == nil:
			rest = rest[n:]
		case err != unix.EINTR:
			r.err = errReader
		}
	}
	r.buf = r.buf[:0]
	return r.err
}

// room makes room for n bytes in the buffer.
func (r *records) room(n int) error {
	if len(r.buf)+n > cap(r.buf) {
		return r.flush()
	}
	return r.err
}

func (r *records) head(kind byte, mode uint16, path string, size int64) error {
	if err := r.room(len(path) + 16); err != nil {
		return err
	}
	r.buf = append(r.buf, kind)
	r.buf = binary.BigEndian.AppendUint16(r.buf, mode)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(len(path)))
	if kind == recordFile {
		r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(size))
	}
	r.buf = append(r.buf, path...)
	return nil
}

// fill has read put bytes into the buffer, as many as there is room for and at
// most max.
func (r *records) fill(most int64, read func([]byte) (int, error)) (int, error) {
	if len(r.buf) == cap(r.buf) {
		if err := r.flush(); err != nil {
			return 0, err
		}
	}
	room := r.buf[len(r.buf):cap(r.buf)]
	n, err := read(room[:min(int64(len(room)), most)])
	r.buf = r.buf[:len(r.buf)+n]
	return n, err
}

func (r *records) done(leftOut int) {
	_ = r.room(9)
	r.buf = append(r.buf, recordEnd)
	r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(leftOut))
	_ = r.flush()
}

func (r *records) failed(text string) {
	text = text[:min(len(text), maxFailedText)]
	_ = r.room(len(text) + 3)
	r.buf = append(r.buf, recordFailed)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(len(text)))
	r.buf = append(r.buf, text...)
	_ = r.flush()
}
