package client

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"sync/atomic"
	"time"
)

const (
	defaultPatience = 30 * time.Second
	dialTime        = 5 * time.Second
	bufferSize      = 64 << 10
)

// New returns a client; it connects when first used.
func New(o Options) *Client {
	c := &Client{base: "http://glovebox", where: o.Socket, local: true, patience: o.Patience}
	if c.patience == 0 {
		c.patience = defaultPatience
	}
	dialer := &net.Dialer{Timeout: dialTime}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", o.Socket)
		},
		DisableCompression:  true, // on one machine it costs more than it saves
		MaxIdleConns:        256,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     time.Minute,
		ReadBufferSize:      bufferSize,
		WriteBufferSize:     bufferSize,
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: stay}
	if o.URL != "" {
		c.remote(o, transport, dialer)
	}
	return c
}

// stay keeps a redirect from being followed: a proof is for one URL, and nobody
// else is to see it.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// remote makes c a client of a URL.
func (c *Client) remote(o Options, transport *http.Transport, dialer *net.Dialer) {
	c.local, c.where = false, o.URL
	u, err := parseURL(o.URL)
	if err != nil {
		c.unusable = err
		return
	}
	c.base = u.Scheme + "://" + u.Host
	overNetwork(transport, dialer, u, o.RootCAs)
	if o.Credential.Key == nil {
		jar, _ := cookiejar.New(nil) // never fails without options
		c.http.Jar = jar
		return
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c.holder, c.unusable = newHolder(o.Credential, c.base, o.Now)
}

// reached remembers whether a server has ever answered.
type reached struct{ atomic.Bool }

// Patient returns a client of the same server with another patience. Both have
// the same connections, key and session: what one opens, the other has, so a
// token that is good once serves both. Closing either is enough.
func (c *Client) Patient(patience time.Duration) *Client {
	twin := &Client{http: c.http, base: c.base, where: c.where, local: c.local, unusable: c.unusable, holder: c.holder, patience: patience}
	twin.reached.Store(c.reached.Load())
	return twin
}

// Local says whether the server is reached at its socket, where callers are known
// by their user id and nobody signs.
func (c *Client) Local() bool { return c.local }

// Close closes idle connections. Calls that are under way go on.
func (c *Client) Close() { c.http.CloseIdleConnections() }
