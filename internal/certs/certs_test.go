package certs

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"glovebox"
)

var hosts = []string{"localhost", "127.0.0.1", "::1"}

func open(t *testing.T, dir string, hosts []string, now time.Time) (*Authority, bool) {
	t.Helper()
	a, fresh, err := OpenAuthority(dir, hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	return a, fresh
}

func TestAuthorityStays(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	a, fresh := open(t, dir, hosts, now)
	if !fresh {
		t.Error("the first one is not fresh")
	}
	again, fresh := open(t, dir, hosts, now.Add(24*time.Hour))
	if fresh || again.Fingerprint() != a.Fingerprint() {
		t.Error("another authority at the second start")
	}
	for name, mode := range map[string]os.FileMode{"ca.key": 0o600, "ca.pem": 0o644} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode() != mode {
			t.Errorf("%s: %v %v", name, st.Mode(), err)
		}
	}
	if _, _, err := OpenAuthority(dir, []string{"other.example"}, now); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("another host: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenAuthority(dir, hosts, now); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Errorf("broken key: %v", err)
	}
}

// TestServes: a caller that trusts the authority gets through, at every host
// and through a replaced certificate; one that does not trust it does not.
func TestServes(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	a, _ := open(t, dir, hosts, now)
	issue := func(at time.Time) (cert, key string) {
		c, k, err := a.Issue(hosts, at)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Fits(c, k, hosts, at) || a.Fits(c, k, hosts, at.Add(leafLife-leafLife/3+time.Hour)) || a.Fits(c, k, []string{"x.example"}, at) {
			t.Error("what fits is misjudged")
		}
		cert, key = filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
		for path, data := range map[string][]byte{cert: c, key: k} {
			if err := write(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return cert, key
	}
	clock := now
	cert, key := issue(now.Add(-time.Minute))
	reload, err := NewReloader(cert, key, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Listener = tls.NewListener(server.Listener, &tls.Config{GetCertificate: reload.GetCertificate})
	server.Start()
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	ask := func(host string, roots *x509.CertPool) (string, error) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: host}}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get("https://127.0.0.1:" + port)
		if err != nil {
			return "", err
		}
		resp.Body.Close()
		return resp.TLS.PeerCertificates[0].SerialNumber.String(), nil
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(a.PEM)
	first := ""
	for _, host := range hosts {
		if first, err = ask(host, trust); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := ask("localhost", x509.NewCertPool()); err == nil {
		t.Error("a caller that does not trust the authority got through")
	}
	issue(now)
	clock = clock.Add(lookEvery)
	if second, err := ask("localhost", trust); err != nil || second == first {
		t.Errorf("the new certificate is not served: %v", err)
	}
	if err := os.WriteFile(cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(lookEvery)
	if _, err := ask("localhost", trust); err != nil {
		t.Errorf("a half written certificate took the server down: %v", err)
	}
}

// TestBound: a certificate that the authority signs for somebody else is worth
// nothing, even to those who trust it.
func TestBound(t *testing.T) {
	a, _ := open(t, t.TempDir(), []string{"box.example"}, time.Now())
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(a.PEM)
	for host, fine := range map[string]bool{"box.example": true, "bank.example": false, "192.0.2.7": false} {
		c, k, err := a.Issue([]string{host}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		cert, _, err := parse(c, k)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: trust, DNSName: host}); (err == nil) != fine {
			t.Errorf("%s: %v", host, err)
		}
	}
}
