package erofs

import "os"

// sinkBytes is how much is written at once.
const sinkBytes = 1 << 20

// sink writes parts of a file that follow on each other, most of them small,
// as few large ones. The first error stays and is told by flush.
type sink struct {
	f    *os.File
	buf  []byte // written to at, as soon as it is full
	at   int64
	fail error
}

func newSink(f *os.File) *sink { return &sink{f: f, buf: make([]byte, 0, sinkBytes)} }

func (s *sink) flush() error {
	if s.fail == nil && len(s.buf) > 0 {
		_, s.fail = s.f.WriteAt(s.buf, s.at)
	}
	s.at += int64(len(s.buf))
	s.buf = s.buf[:0]
	return s.fail
}

// room returns memory for bytes that belong at an offset, which is not before
// the end of the part before. took says how much of it was used.
func (s *sink) room(at int64) ([]byte, error) {
	if gap := at - s.at - int64(len(s.buf)); gap < blockSize && len(s.buf)+int(gap) < cap(s.buf) {
		clear(s.buf[len(s.buf) : len(s.buf)+int(gap)])
		s.buf = s.buf[:len(s.buf)+int(gap)]
	} else {
		if err := s.flush(); err != nil {
			return nil, err
		}
		s.at = at
	}
	return s.buf[len(s.buf):cap(s.buf)], nil
}

func (s *sink) took(n int) { s.buf = s.buf[:len(s.buf)+n] }

func (s *sink) write(at int64, p []byte) {
	for len(p) > 0 {
		room, err := s.room(at)
		if err != nil {
			return // flush tells
		}
		n := copy(room, p)
		s.took(n)
		at, p = at+int64(n), p[n:]
	}
}
