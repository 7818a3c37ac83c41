package filter_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"glovebox/egress/filter"
)

// fixed is a connection that has been written to in full.
type fixed struct {
	io.Reader
	wrote int
}

func (f *fixed) Write(p []byte) (int, error)      { f.wrote += len(p); return len(p), nil }
func (f *fixed) Close() error                     { return nil }
func (f *fixed) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (f *fixed) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (f *fixed) SetDeadline(time.Time) error      { return nil }
func (f *fixed) SetReadDeadline(time.Time) error  { return nil }
func (f *fixed) SetWriteDeadline(time.Time) error { return nil }

// hello is what a client sends first.
func hello(c *tls.Config) []byte {
	var out bytes.Buffer
	tls.Client(&sink{fixed{Reader: bytes.NewReader(nil)}, &out}, c).HandshakeContext(context.Background())
	return out.Bytes()
}

type sink struct {
	fixed
	out *bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) { return s.out.Write(p) }

func TestHelloIsKept(t *testing.T) {
	h := hello(&tls.Config{ServerName: "api.example.com", NextProtos: []string{"h2"}})
	with := append(bytes.Clone(h), "more"...)
	f := &fixed{Reader: bytes.NewReader(with)}
	name, read, err := filter.ReadHello(t.Context(), f)
	if name != "api.example.com" || err != nil || !bytes.HasPrefix(with, read) || len(read) < len(h) || f.wrote != 0 {
		t.Errorf("%q, %d of %d bytes, %d written, %v", name, len(read), len(h), f.wrote, err)
	}
	for n := range len(h) {
		if name, read, err := filter.ReadHello(t.Context(), &fixed{Reader: bytes.NewReader(h[:n])}); err == nil || name != "" || !bytes.Equal(read, h[:n]) {
			t.Fatalf("the first %d bytes name %q: %v", n, name, err)
		}
	}
}

// FuzzHello: whatever comes first, no byte of it is lost, nothing is answered,
// and it ends.
func FuzzHello(f *testing.F) {
	f.Add(hello(&tls.Config{ServerName: "api.example.com"}))
	f.Add(hello(&tls.Config{ServerName: "api.example.com", MaxVersion: tls.VersionTLS12}))
	f.Add([]byte("\x16\x03\x01\x00\x04\x01\x00\x00\x00"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &fixed{Reader: bytes.NewReader(b)}
		name, read, err := filter.ReadHello(t.Context(), c)
		if !bytes.HasPrefix(b, read) || len(read) > 64<<10 || c.wrote != 0 {
			t.Fatalf("%d bytes are kept of %d, %d written", len(read), len(b), c.wrote)
		}
		if err != nil && name != "" {
			t.Fatalf("%q and %v", name, err)
		}
		if clean, ok := filter.Canonical(name); ok && clean != name {
			if again, ok := filter.Canonical(clean); !ok || again != clean {
				t.Fatalf("%q is %q is %q", name, clean, again)
			}
		}
	})
}
