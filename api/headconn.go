package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// What is read of a request after its refusal and thrown away, so that a caller
// who is still sending gets to read the answer: closed with something unread, a
// connection is reset, and the answer with it.
const (
	lingerBytes = 32 << 20
	lingerTime  = 5 * time.Second
)

// handshakeTime bounds the TLS handshake.
const handshakeTime = 5 * time.Second

// headConn is a connection, after TLS if there is any, that knows when a
// request's headers are too long. With HTTP/1.1, net/http says so: its answer
// 431 is replaced. With HTTP/2 it would end the connection without an answer,
// or give one that nothing can be put in the place of; there headConn itself
// counts what comes, and ends the connection before.
type headConn struct {
	net.Conn              // what net/http reads and writes
	raw      net.Conn     // beneath TLS
	tls      *tls.Conn    // nil without
	h        http.Handler // answers
	serving  atomic.Bool  // HTTP/1.1: a handler answers, so what is written is its
	closing  atomic.Bool
	overlong atomic.Uint32 // HTTP/2: stream whose headers were too long

	shaken bool                 // the handshake is over, or there is none
	state  *tls.ConnectionState // after it
	in     heads                // of HTTP/2

	write    sync.Mutex
	refusing bool   // nothing but the refusal is written any more
	out      frames // of HTTP/2
}

// Read implements net.Conn.
func (c *headConn) Read(p []byte) (int, error) {
	if !c.shaken {
		if err := c.handshake(); err != nil {
			return 0, err
		}
		c.shaken = true
	}
	if c.in.broken {
		return 0, io.EOF // net/http has heard, or it cannot be told
	}
	n, err := c.Conn.Read(p)
	if stream := c.in.see(p[:n]); stream != 0 {
		c.overlong.Store(stream)
		return 0, io.EOF // net/http hangs up, with Close
	}
	return n, err
}

func (c *headConn) handshake() error {
	if c.tls == nil {
		c.in.other = true // HTTP/1.1 alone
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTime)
	defer cancel()
	err := c.tls.HandshakeContext(ctx)
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok && e.Conn != nil {
		_, _ = io.WriteString(e.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nthis port is for https\n")
	}
	if err == nil {
		state := c.tls.ConnectionState()
		c.state = &state
	}
	return err
}

// tooLarge is how net/http's own answer begins.
var tooLarge = []byte("HTTP/1.1 431 ")

// Write implements net.Conn.
func (c *headConn) Write(p []byte) (int, error) {
	c.write.Lock()
	defer c.write.Unlock()
	if c.refusing {
		return 0, net.ErrClosed
	}
	if !c.serving.Load() && bytes.HasPrefix(p, tooLarge) {
		c.refusing = true
		var b bytes.Buffer
		if err := refuseOverlong(c.h, c).Write(&b); err != nil {
			return 0, err
		}
		if _, err := c.Conn.Write(b.Bytes()); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	n, err := c.Conn.Write(p)
	if !c.in.other {
		c.out.see(p[:n])
	}
	return n, err
}

// CloseWrite is what net/http calls after an answer that the caller may not
// expect yet.
func (c *headConn) CloseWrite() error {
	c.write.Lock()
	refusing := c.refusing
	c.write.Unlock()
	var err error
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		err = half.CloseWrite()
	}
	if refusing {
		c.linger()
	}
	return err
}

// Close implements net.Conn.
func (c *headConn) Close() error {
	if stream := c.overlong.Load(); stream != 0 && c.closing.CompareAndSwap(false, true) {
		c.refuse2(stream)
	}
	return c.Conn.Close()
}

// linger reads what is still sent, a while and without looking at it.
func (c *headConn) linger() {
	_ = c.raw.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyBuffer(io.Discard, struct{ io.Reader }{io.LimitReader(c.raw, lingerBytes)}, make([]byte, 16<<10))
}
