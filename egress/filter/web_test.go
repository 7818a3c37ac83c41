package filter_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"glovebox/egress/filter"
)

// root is a certificate authority of the internet on loopback.
type root struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newRoot(t testing.TB) *root {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "internet"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	r := &root{key: key, pool: x509.NewCertPool()}
	r.cert, _ = x509.ParseCertificate(der)
	r.pool.AddCert(r.cert)
	return r
}

func (r *root) leaf(t testing.TB, names ...string) tls.Certificate {
	form := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, form, r.cert, &r.key.PublicKey, r.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: r.key}
}

// site is an HTTP server that keeps what it was asked.
type site struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

// site serves on an address of its own; with names over TLS. It answers with
// the method, Host and target of the request, and its body.
func (w *world) site(r *root, ip string, names ...string) *site {
	s := &site{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.answer))
	s.Listener.Close()
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Listener = w.listen(net.JoinHostPort(ip, "0"))
	if len(names) > 0 {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{r.leaf(w.t, names...)}}
		s.StartTLS()
	} else {
		s.Start()
	}
	w.t.Cleanup(s.Close)
	return s
}

func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	if to := r.URL.Query().Get("to"); to != "" {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Host, r.RequestURI, body)
}

func (s *site) port() int { return s.Listener.Addr().(*net.TCPAddr).Port }

func (s *site) seen() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// trust returns a client TLS configuration of a sandbox: the internet's root and
// that of its own slot.
func trust(r *root, ca []byte, name string) *tls.Config {
	pool := x509.NewCertPool()
	if r != nil {
		pool.AddCert(r.cert)
	}
	pool.AppendCertsFromPEM(ca)
	return &tls.Config{RootCAs: pool, ServerName: name, NextProtos: []string{"h2", "http/1.1"}}
}

// rooted is a world whose destinations' certificates are those of r.
func rooted(t testing.TB, r *root) *world {
	return newWorld(t, func(c *filter.Config, _ *filter.Callbacks) { c.Roots = r.pool })
}

func port(n int) string { return strconv.Itoa(n) }
