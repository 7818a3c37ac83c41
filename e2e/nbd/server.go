package nbd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Server serves one disk at a unix socket, one request at a time.
type Server struct {
	disk     *Disk
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// Serve listens at path until Close.
func Serve(path string, d *Disk) (*Server, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	s := &Server{disk: d, listener: l}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.wg.Go(func() {
				defer c.Close()
				_ = (&conn{Disk: d, r: bufio.NewReaderSize(c, 1<<16), w: bufio.NewWriterSize(c, 1<<16)}).serve()
			})
		}
	})
	return s, nil
}

// Close ends every connection. The disk stays open.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// conn is one client.
type conn struct {
	*Disk
	r *bufio.Reader
	w *bufio.Writer
}

// put sends parts at once.
func (c *conn) put(parts ...any) error {
	for _, p := range parts {
		if err := binary.Write(c.w, binary.BigEndian, p); err != nil {
			return err
		}
	}
	return c.w.Flush()
}

func (c *conn) serve() error {
	if err := c.negotiate(); err != nil {
		return err
	}
	for {
		var q request
		if err := binary.Read(c.r, binary.BigEndian, &q); err != nil {
			return err
		}
		if q.Magic != magicRequest || q.Length > maxBytes {
			return fmt.Errorf("no request: %+v", q)
		}
		if q.Kind == cmdClose {
			return nil
		}
		if err := c.answer(q); err != nil {
			return err
		}
	}
}

// answer does what is asked. Without power there is no answer.
func (c *conn) answer(q request) error {
	buf := make([]byte, q.Length)
	var err error
	switch q.Kind {
	case cmdRead:
		_, err = c.ReadAt(buf, int64(q.Offset))
	case cmdWrite:
		if _, err := io.ReadFull(c.r, buf); err != nil {
			return err
		}
		_, err = c.WriteAt(buf, int64(q.Offset))
		if err == nil && q.Flags&cmdFUA != 0 {
			err = c.Flush() // more than was asked for, as a disk may
		}
	case cmdFlush:
		err = c.Flush()
	default:
		return c.put(reply{magicReply, errInvalid, q.Handle})
	}
	switch {
	case errors.Is(err, errOff):
		return err
	case err != nil:
		return c.put(reply{magicReply, errIO, q.Handle})
	case q.Kind == cmdRead:
		return c.put(reply{magicReply, 0, q.Handle}, buf)
	}
	return c.put(reply{magicReply, 0, q.Handle})
}

// negotiate tells the client what it talks to.
func (c *conn) negotiate() error {
	if err := c.put(uint64(magicHello), uint64(magicOption), uint16(flagFixed|flagNoZeroes)); err != nil {
		return err
	}
	var flags uint32
	if err := binary.Read(c.r, binary.BigEndian, &flags); err != nil {
		return err
	}
	for {
		var o option
		if err := binary.Read(c.r, binary.BigEndian, &o); err != nil {
			return err
		}
		if o.Magic != magicOption || o.Length > maxOption {
			return fmt.Errorf("no option: %+v", o)
		}
		if _, err := c.r.Discard(int(o.Length)); err != nil { // there is only one disk to name
			return err
		}
		switch o.Kind {
		case optExport:
			zeroes := make([]byte, 124)
			if flags&flagNoZeroes != 0 {
				zeroes = nil
			}
			return c.put(uint64(c.Size()), uint16(features), zeroes)
		case optAbort:
			return errors.Join(c.put(answer{magicAnswer, o.Kind, answerAck, 0}), io.EOF)
		case optGo:
			return c.put(
				answer{magicAnswer, o.Kind, answerInfo, 12}, uint16(infoExport), uint64(c.Size()), uint16(features),
				answer{magicAnswer, o.Kind, answerInfo, 14}, uint16(infoBlocks), uint32(sector), uint32(4096), uint32(maxBytes),
				answer{magicAnswer, o.Kind, answerAck, 0})
		default:
			if err := c.put(answer{magicAnswer, o.Kind, answerUnsupported, 0}); err != nil {
				return err
			}
		}
	}
}
