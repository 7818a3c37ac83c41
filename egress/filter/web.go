package filter

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"glovebox"
)

// web is the server of requests that are read, on connections which were
// accepted elsewhere.
type web struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	http  *http.Server
}

// Accept implements net.Listener.
func (w *web) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (w *web) Close() error {
	w.once.Do(func() { close(w.done) })
	return nil
}

// Addr implements net.Listener.
func (w *web) Addr() net.Addr { return &net.TCPAddr{} }

type connKey struct{}

const maxHeader = 64 << 10

// quiet drops what the libraries log: the events say it, without what a job
// wrote.
var quiet = log.New(io.Discard, "", 0)

func (f *filter) newWeb() *web {
	w := &web{conns: make(chan net.Conn), done: make(chan struct{})}
	one := new(http.Protocols)
	one.SetHTTP1(true)
	w.http = &http.Server{
		Handler: http.HandlerFunc(f.serveRequest), ReadHeaderTimeout: f.limits.Hello, IdleTimeout: f.limits.Idle,
		MaxHeaderBytes: maxHeader, ErrorLog: quiet, Protocols: one, DisableGeneralOptionsHandler: true,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c.(interface{ carried() *conn }).carried())
		},
	}
	return w
}

// transport makes requests of c on connections to its own destination alone.
func (f *filter) transport(c *conn, secure *tls.Config) *http.Transport {
	one := new(http.Protocols)
	one.SetHTTP1(true)
	return &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			// Until the slot ends: the connection outlives the request that made it.
			up, err := f.dial(c.s.ctx, c)
			if err != nil {
				return nil, err
			}
			return &lent{up, c}, nil
		},
		TLSClientConfig: secure, TLSHandshakeTimeout: f.limits.Dial, Protocols: one,
		DisableCompression: true, MaxConnsPerHost: 1, MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout: 5 * time.Minute, ExpectContinueTimeout: time.Second,
	}
}

// lent is a connection to a destination that c lets go of when it is closed.
type lent struct {
	net.Conn
	c *conn
}

// Close implements net.Conn.
func (l *lent) Close() error {
	l.c.mu.Lock()
	delete(l.c.ups, l.Conn)
	l.c.mu.Unlock()
	return l.Conn.Close()
}

// buffers are for bodies on their way.
type buffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }

// forward sends a request that was let through, with its secrets, to the
// destination of its connection.
func (f *filter) forward(w http.ResponseWriter, r *http.Request, c *conn, e glovebox.NetEvent, secrets []Secret) {
	scheme := "http"
	if c.transport.TLSClientConfig != nil {
		scheme = "https"
	}
	proxy := &httputil.ReverseProxy{
		Transport: c.transport, FlushInterval: -1, ErrorLog: quiet, BufferPool: f.buffers,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = scheme, c.dst.String(), p.In.Host
			put(p.Out.Header, secrets)
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) || r.Context().Err() != nil {
				return
			}
			e.Reason = glovebox.NetFailed
			c.s.tell(e)
			problem(w, http.StatusBadGateway, glovebox.KindUnavailable, "the destination could not be reached, or did not prove its name")
		},
	}
	proxy.ServeHTTP(w, r)
}
