package agent

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// stdin feeds a command. Both ends of the FIFO are held open here: the writing
// one to feed, the reading one so that opening needs no peer and a command
// that closes its input is simply never fed again.
//
// How much was handed over is in a file, as one word that is written before
// and after every write to the FIFO. So after a kill -9 there are three cases:
//
//   - no write was under way: the word is exact, feeding goes on there;
//   - one was under way: whether it happened cannot be known;
//   - the input was not at its end, and the writing end was held by the agent
//     alone: its death closed it, and a command that had read everything saw a
//     false end. If unread bytes are in the FIFO it cannot have.
//
// Bytes are neither lost nor repeated in silence: where it cannot be known
// that the command saw its input right, the attempt is lost.
type stdin struct {
	r, w  *os.File
	at    *os.File // the word
	pos   int64
	state int

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// The states of the input, in the two low bits of the word.
const (
	stdinIdle    = iota // pos is exact
	stdinWriting        // a write that began at pos is under way
	stdinEnded          // everything was handed over, and the end
)

func openStdin(dir folder) (*stdin, error) {
	in := &stdin{cancel: func() {}}
	var err error
	if in.r, in.w, err = openFIFO(dir.file(fifoStdin)); err != nil {
		return nil, onDisk("open the FIFO for input", err)
	}
	if in.at, err = os.OpenFile(dir.file(fileStdinAt), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		in.abandon()
		return nil, onDisk("open the record of the input", err)
	}
	var b [8]byte
	if n, _ := in.at.ReadAt(b[:], 0); n == len(b) {
		word := binary.LittleEndian.Uint64(b[:])
		in.pos, in.state = int64(word>>2), int(word&3)
	}
	return in, nil
}

func (in *stdin) note(state int) error {
	in.state = state
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(in.pos)<<2|uint64(state))
	_, err := in.at.WriteAt(b[:], 0)
	return err
}

// unread says whether bytes are in the FIFO that the command has not taken.
func (in *stdin) unread() bool {
	n := 0
	if rc, err := in.r.SyscallConn(); err == nil {
		_ = rc.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	}
	return n > 0
}

// doubtful says whether the command may have seen its input wrongly because
// an earlier agent died. held says that the runtime kept the FIFO from ending.
func (in *stdin) doubtful(held bool) bool {
	switch in.state {
	case stdinEnded:
		return false
	case stdinWriting:
		return true
	}
	return !held && !in.unread()
}

// write hands p over; the command may take as long as it likes, or for ever.
// A command that does not want its input any more is none of our business.
func (in *stdin) write(p []byte) error {
	rc, err := in.w.SyscallConn()
	if err != nil {
		return err
	}
	for len(p) > 0 {
		var n int
		waitErr := rc.Write(func(fd uintptr) bool {
			if err = in.note(stdinWriting); err != nil {
				return true
			}
			n, err = retry(func() (int, error) { return unix.Write(int(fd), p) })
			in.pos += int64(n)
			if noted := in.note(stdinIdle); noted != nil {
				err = noted
			}
			return !errors.Is(err, unix.EAGAIN)
		})
		if waitErr != nil {
			return waitErr
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// end lets the command see the end of its input.
func (in *stdin) end() {
	in.w.Close() // a death between the two lines ends in a second, harmless end
	_ = in.note(stdinEnded)
}

// abandon stops feeding and drops the agent's ends.
func (in *stdin) abandon() {
	in.cancel()
	if in.w != nil {
		_ = in.w.SetWriteDeadline(time.Unix(1, 0))
	}
	in.done.Wait()
	for _, f := range []*os.File{in.r, in.w, in.at} {
		if f != nil {
			f.Close()
		}
	}
}
