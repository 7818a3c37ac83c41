package local

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"

	"glovebox/internal/nodev1/nodev1connect"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a listener whose connections are pipes in memory, so that a test can
// run on virtual time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// as is the header by which the test's nodes prove who they are.
const as = "X-Node"

// serve serves a provider over HTTP/2 without TLS, as on the unix socket, and
// returns what makes a client for a node.
func serve(t *testing.T, p *Provider) func(node string) nodev1connect.NodeServiceClient {
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	identify := func(r *http.Request) (string, error) {
		if name := r.Header.Get(as); name != "" {
			return name, nil
		}
		return "", http.ErrNoCookie
	}
	var h2c http.Protocols
	h2c.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: p.Handler(identify), Protocols: &h2c}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l)
	}()
	var all []*http.Transport
	t.Cleanup(func() {
		for _, tr := range all {
			tr.CloseIdleConnections()
		}
		server.Close()
		<-served
	})
	return func(node string) nodev1connect.NodeServiceClient {
		tr := &http.Transport{DialContext: l.dial, Protocols: &h2c}
		all = append(all, tr)
		return nodev1connect.NewNodeServiceClient(&http.Client{Transport: &named{node, tr}}, "http://control")
	}
}

// named says who the node is with each request.
type named struct {
	name string
	http.RoundTripper
}

func (n *named) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(as, n.name)
	return n.RoundTripper.RoundTrip(r)
}
