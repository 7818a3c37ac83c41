package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"glovebox"
	"glovebox/internal/metrics"
)

// Names under which control inherits its TCP listeners.
const (
	filePublic  = "public"
	fileMetrics = "metrics"
)

// publicFlags say where people and programs from elsewhere reach the service.
type publicFlags struct {
	listen, url string
	cert, key   string
	plain       bool
	metrics     string
}

func (f *publicFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.listen, "listen", "", "serve the API and its pages at this TCP address too, such as :8443 (default none)")
	fs.StringVar(&f.url, "public-url", "", "where callers reach that; fixed at first start (default https://localhost:PORT)")
	fs.StringVar(&f.cert, "tls-cert", "", "certificate and chain, PEM (default one of a local authority, made at first start)")
	fs.StringVar(&f.key, "tls-key", "", "key of --tls-cert, PEM")
	fs.BoolVar(&f.plain, "plain-http", false, "no TLS; only on loopback")
	fs.StringVar(&f.metrics, "metrics-listen", "", "serve Prometheus metrics at this TCP address, such as :9464, which is on loopback (default none)")
}

// check refuses what cannot be meant.
func (f publicFlags) check() error {
	wrong := func(format string, args ...any) error {
		return glovebox.Errorf(glovebox.KindUsage, format, args...)
	}
	switch {
	case f.listen == "" && (f.url != "" || f.cert != "" || f.key != "" || f.plain):
		return wrong("--public-url, --tls-cert, --tls-key and --plain-http need --listen")
	case (f.cert == "") != (f.key == ""):
		return wrong("--tls-cert and --tls-key belong together")
	case f.plain && f.cert != "":
		return wrong("--plain-http has no use for --tls-cert")
	}
	return nil
}

// public is the TCP listener and what callers call it.
type public struct {
	url     *url.URL
	file    *os.File
	metrics *os.File
}

// open listens. It is done by `up`, which may use any port, and outlives
// control.
func (f publicFlags) open() (*public, error) {
	p := &public{}
	var err error
	if f.metrics != "" {
		at, err := metrics.Address(f.metrics)
		if err != nil {
			return nil, err
		}
		if _, p.metrics, err = listenTCP("--metrics-listen", at); err != nil {
			return nil, err
		}
	}
	if f.listen == "" {
		return p, nil
	}
	at, file, err := listenTCP("--listen", f.listen)
	if err != nil {
		p.close()
		return nil, err
	}
	p.file = file
	if p.url, err = f.publicURL(at); err != nil {
		p.close()
		return nil, err
	}
	if f.plain && !at.Addr().IsLoopback() {
		p.close()
		return nil, glovebox.Errorf(glovebox.KindUsage, "--plain-http at %s would be read by everybody on the way", at).
			Try("listen at 127.0.0.1, or leave --plain-http out")
	}
	return p, nil
}

func listenTCP(flag, address string) (netip.AddrPort, *os.File, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return netip.AddrPort{}, nil, glovebox.Errorf(glovebox.KindInvalid, "listen at %q: %w", address, err).
			On(flag).Try("give host:port, or :port for all addresses")
	}
	defer l.Close()
	tcp := l.(*net.TCPListener)
	file, err := tcp.File()
	if err != nil {
		return netip.AddrPort{}, nil, glovebox.Errorf(glovebox.KindInternal, "keep the listener: %w", err)
	}
	return tcp.Addr().(*net.TCPAddr).AddrPort(), file, nil
}

// publicURL is what the flag says, or localhost at the port. Passkeys are bound
// to its host, so that must be a name.
func (f publicFlags) publicURL(at netip.AddrPort) (*url.URL, error) {
	raw := f.url
	if raw == "" {
		if !at.Addr().IsLoopback() {
			return nil, glovebox.Errorf(glovebox.KindUsage, "--listen %s is for callers from elsewhere, and they need a name", f.listen).
				On("--public-url").Try("give --public-url https://NAME:%d", at.Port())
		}
		raw = fmt.Sprintf("%s://localhost:%d", f.scheme(), at.Port())
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, glovebox.Errorf(glovebox.KindUsage, "--public-url %q is not a scheme and a host", raw).Try("write it https://NAME:PORT")
	}
	if u.Scheme != f.scheme() && (u.Scheme != "https" || !f.plain) {
		return nil, glovebox.Errorf(glovebox.KindUsage, "--public-url must begin with %s://", f.scheme())
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, glovebox.Errorf(glovebox.KindUsage, "--public-url %q has an address: passkeys are bound to a name", raw).
			Try("give a name that leads here, such as localhost")
	}
	u.Path = ""
	return u, nil
}

func (f publicFlags) scheme() string {
	if f.plain {
		return "http"
	}
	return "https"
}

func (p *public) close() {
	for _, f := range []*os.File{p.file, p.metrics} {
		if f != nil {
			f.Close()
		}
	}
}

// files are what control inherits.
func (p *public) files(all map[string]*os.File) map[string]*os.File {
	if p.file != nil {
		all[filePublic] = p.file
	}
	if p.metrics != nil {
		all[fileMetrics] = p.metrics
	}
	return all
}
