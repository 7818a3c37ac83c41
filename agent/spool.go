package agent

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// spool is a file with one stream of output, complete from the byte up to
// which control has acknowledged it. What is acknowledged is punched out, so
// that the file takes up no more room than what control still has to store.
type spool struct {
	f       *os.File
	step    int64        // to punch at one time
	size    atomic.Int64 // grows by the pump only
	acked   atomic.Int64
	punched atomic.Int64 // below it there is nothing any more
	marked  bool         // ends with the mark
	noMove  bool         // the file system cannot splice
}

func openSpool(path string, step int64) (*spool, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, onDisk("open the output's spool", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, onDisk("open the output's spool", err)
	}
	s := &spool{f: f, step: step}
	s.size.Store(info.Size())
	s.punched.Store(hole(f, info.Size()))
	return s, nil
}

// laterSpool is a spool without a file until it is opened.
func laterSpool(step int64) *spool { return &spool{step: step} }

// open opens or makes the file of a later spool, empty. What is written to it is
// in the spool once that is told, by publish.
func (s *spool) open(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return onDisk("open the spool of artifacts", err)
	}
	s.f = f
	return nil
}

// reopen opens the file as it was published, size bytes of it.
func (s *spool) reopen(path string, size int64) error {
	if size == 0 {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return onDisk("open the spool of artifacts", err)
	}
	s.f = f
	s.punched.Store(hole(f, size))
	s.size.Store(size)
	return nil
}

// publish says how much there is. Who sees the size sees the file, too.
func (s *spool) publish(size int64) { s.size.Store(size) }

func (s *spool) close() {
	if s.f != nil {
		s.f.Close()
	}
}

// hole returns where the data begins: all before was punched out.
func hole(f *os.File, size int64) int64 {
	if size == 0 {
		return 0
	}
	at, err := unix.Seek(int(f.Fd()), 0, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return size
	case err != nil:
		return 0
	}
	return at
}

// fill moves up to limit bytes from the pipe to the end of the file; 0 is the
// end of the pipe.
func (s *spool) fill(pipe, limit int) (int, error) {
	if s.noMove {
		return s.copy(pipe, limit)
	}
	at := s.size.Load()
	n, err := retry(func() (int, error) {
		n, err := unix.Splice(pipe, nil, int(s.f.Fd()), &at, limit, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		return int(n), err
	})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		s.noMove = true
		return s.copy(pipe, limit)
	}
	s.size.Add(int64(n))
	return n, err
}

// copy does what fill does where splice is not to be had.
func (s *spool) copy(pipe, limit int) (int, error) {
	buf := make([]byte, min(limit, trashSize))
	n, err := retry(func() (int, error) { return unix.Read(pipe, buf) })
	if err != nil {
		return n, err
	}
	return n, s.append(buf[:n])
}

func (s *spool) append(p []byte) error {
	n, err := s.f.WriteAt(p, s.size.Load())
	s.size.Add(int64(n))
	return err
}

// read fills p from offset on, where there is something.
func (s *spool) read(p []byte, offset int64) (int, error) {
	n, err := s.f.ReadAt(p[:min(int64(len(p)), s.size.Load()-offset)], offset)
	if n > 0 {
		return n, nil
	}
	return 0, cmp.Or(err, io.ErrUnexpectedEOF)
}

// ack notes that control has stored everything below n, and frees what it can.
func (s *spool) ack(n int64) {
	if n <= s.acked.Load() {
		return
	}
	s.acked.Store(n)
	from := s.punched.Load()
	upto := min(n, s.size.Load()) / s.step * s.step
	if upto <= from {
		return
	}
	if unix.Fallocate(int(s.f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, from, upto-from) == nil {
		s.punched.Store(upto)
	}
}

// isAcked says whether control has all of a stream that does not grow any more.
func (s *spool) isAcked() bool { return s.acked.Load() >= s.size.Load() }

func (s *spool) endsWith(mark []byte) bool {
	tail := make([]byte, len(mark))
	_, err := s.f.ReadAt(tail, max(0, s.size.Load()-int64(len(mark))))
	return err == nil && bytes.Equal(tail, mark)
}
