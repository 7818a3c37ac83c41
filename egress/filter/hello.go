package filter

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"glovebox"
)

// maxHello bounds a ClientHello with all its records.
const maxHello = 64 << 10

// readHello reads a ClientHello from conn, answers nothing, and returns the
// server name in it and every byte that was read. Of a hello that hides
// another one inside (ECH), it is the outer name.
func readHello(ctx context.Context, conn net.Conn) (name string, read []byte, err error) {
	enough := errors.New("enough")
	rec := &recorder{Conn: conn}
	seen := false
	err = tls.Server(rec, &tls.Config{
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			name, seen = h.ServerName, true
			return nil, enough
		},
	}).HandshakeContext(ctx)
	if !seen {
		return "", rec.read, glovebox.Errorf(glovebox.KindMalformed, "no client hello: %w", err)
	}
	return name, rec.read, nil
}

// recorder keeps what is read, up to maxHello, and writes nothing.
type recorder struct {
	net.Conn
	read []byte
}

// Read implements net.Conn.
func (r *recorder) Read(p []byte) (int, error) {
	if len(r.read) >= maxHello {
		return 0, errors.New("client hello is too long")
	}
	n, err := r.Conn.Read(p[:min(len(p), maxHello-len(r.read))])
	r.read = append(r.read, p[:n]...)
	return n, err
}

// Write implements net.Conn: an alert is not for us to send.
func (r *recorder) Write(p []byte) (int, error) { return len(p), nil }

// Close implements net.Conn: the connection is its owner's.
func (r *recorder) Close() error { return nil }
