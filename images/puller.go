package images

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"glovebox"
)

// Puller gets images from registries. The registry of a loopback name is spoken
// to by plain HTTP if it does not do HTTPS, any other by HTTPS alone. Link-local
// and metadata addresses are never dialled, whatever name, DNS answer, token
// service or redirect leads there, and this machine only for a loopback name.
//
// Zero fields but Stock are defaults.
type Puller struct {
	Stock *Stock

	// Credentials is a folder with a Docker config.json, such as
	// DefaultCredentials; "" pulls anonymously. They are used for every tenant.
	Credentials string

	DialTimeout   time.Duration // 10 s; also for the TLS handshake
	HeaderTimeout time.Duration // to connect and until an answer begins, 30 s; not repeated
	StallTimeout  time.Duration // of a transfer, without a byte, 30 s
	Redirects     int           // in a row, 5

	Refuse []netip.Prefix                        // never dialled, besides the built-in ones
	Proxy  func(*http.Request) (*url.URL, error) // default http.ProxyFromEnvironment
	TLS    *tls.Config                           // default the system's roots

	once   sync.Once
	guards map[bool]*guard // by: is the registry on this machine
}

// Pull resolves a name and copies what it stands for into Blobs. Whatever was
// fetched before is not fetched again. Errors: KindInvalid (name),
// KindImageUnknown, KindTagUnknown, KindImageDenied, KindUnreachable,
// KindImagePlatform, KindImageInvalid, KindImageCorrupt, KindImageTooLarge, those
// of Blobs, and ctx's.
func (p *Puller) Pull(ctx context.Context, tenant, name string, progress Progress) (glovebox.Image, error) {
	return p.pull(ctx, tenant, name, progress, func(context.Context, glovebox.Image) error { return nil })
}

// Digest resolves a name to the digest of the manifest for the Stock's platform,
// and fetches nothing else.
func (p *Puller) Digest(ctx context.Context, name string) (string, error) {
	ctx, cancel := p.limit(ctx)
	defer cancel()
	c, err := p.resolve(ctx, name)
	return c.manifest.digest.String(), err
}

// pull calls save with the record while its blobs are still held.
func (p *Puller) pull(ctx context.Context, tenant, name string, progress Progress,
	save func(context.Context, glovebox.Image) error) (img glovebox.Image, err error) {
	limited, cancel := p.limit(ctx)
	defer cancel()
	s := p.Stock.begin(tenant, progress)
	defer func() { s.end(err) }()
	c, err := p.resolve(limited, name)
	if err == nil {
		img, err = s.copy(limited, c)
	}
	if err == nil {
		err = save(ctx, img)
	}
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = context.Cause(limited)
	}
	return img, err
}

// limit bounds the time for everything together.
func (p *Puller) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := p.Stock.Caps.Time
	return context.WithTimeoutCause(ctx, limit, glovebox.Errorf(glovebox.KindUnreachable, "pull took more than %s", limit).
		Try("try again: it goes on where it stopped"))
}

func (p *Puller) guardFor(loopback bool) *guard {
	p.once.Do(func() {
		p.guards = map[bool]*guard{false: p.newGuard(false), true: p.newGuard(true)}
	})
	return p.guards[loopback]
}

func (p *Puller) newGuard(loopback bool) *guard {
	rules := addressRules{loopback: loopback, refuse: p.Refuse}
	viaProxy := addressRules{loopback: true, refuse: p.Refuse}
	var proxies sync.Map // host:port of proxies, which the operator chose and may be local
	dial := or(p.DialTimeout, 10*time.Second)
	proxy := p.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	t := &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			u, err := proxy(r)
			if u != nil {
				proxies.Store(u.Host, true)
			}
			return u, err
		},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			d := net.Dialer{Timeout: dial, ControlContext: rules.control}
			if _, ok := proxies.Load(address); ok {
				d.ControlContext = viaProxy.control
			}
			return d.DialContext(ctx, network, address)
		},
		TLSClientConfig:        p.TLS,
		TLSHandshakeTimeout:    dial,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // sizes and digests are of what is sent
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
	}
	return &guard{
		next: t, rules: rules, redirects: or(p.Redirects, 5),
		header: or(p.HeaderTimeout, 30*time.Second), stall: or(p.StallTimeout, 30*time.Second),
	}
}

// Close ends idle connections.
func (p *Puller) Close() {
	for _, loopback := range []bool{false, true} {
		p.guardFor(loopback).next.(*http.Transport).CloseIdleConnections()
	}
}
