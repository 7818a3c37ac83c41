package client

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"glovebox"
)

// tlsTime is how long a handshake may take.
const tlsTime = 10 * time.Second

// parseURL checks a server's URL: https, or http to this very machine.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, badURL(text, "is no URL of a server")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, badURL(text, "has more than a host and a port")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case u.Scheme == "https":
		u.Host = strings.TrimSuffix(u.Host, ":443")
	case u.Scheme == "http" && loopback(u.Hostname()):
		u.Host = strings.TrimSuffix(u.Host, ":80")
	case u.Scheme == "http":
		return nil, badURL(text, "would send everything in the clear")
	default:
		return nil, badURL(text, "is no URL of a server")
	}
	return u, nil
}

func badURL(text, why string) error {
	return glovebox.Errorf(glovebox.KindInvalid, "%q %s", text, why).On("url").
		Try("give a URL such as https://glovebox.example.org:8443; http is for 127.0.0.1 alone")
}

// loopback says whether a host is this machine. What a resolver makes of
// "localhost" is checked when it is dialed.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// overNetwork makes a transport of one that dials a socket.
func overNetwork(t *http.Transport, dialer *net.Dialer, u *url.URL, roots *x509.CertPool) {
	if u.Scheme == "http" {
		dialer.Control = onlyLoopback
	} else {
		t.Proxy = http.ProxyFromEnvironment
	}
	t.DialContext = dialer.DialContext
	t.TLSHandshakeTimeout = tlsTime
	// Each stream has a connection of its own, so none waits behind another.
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
}

// onlyLoopback refuses plain HTTP to another machine, whatever its name said.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if a, perr := netip.ParseAddr(host); err != nil || perr != nil || !a.IsLoopback() {
		return glovebox.Errorf(glovebox.KindInvalid, "%s is not this machine, and http is for it alone", address).On("url").Try("use https")
	}
	return nil
}

// BaseURL is a server's URL in the one spelling that is used for proofs and in
// contexts; KindInvalid on "url" for one that cannot be used.
func BaseURL(text string) (string, error) {
	u, err := parseURL(text)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host, nil
}
