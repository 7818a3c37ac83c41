package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// site is a box that serves people, over TLS with the authority of its own that
// `glovebox up` makes.
type site struct {
	t    *testing.T
	box  *box.Box
	url  string
	cert *x509.Certificate
}

func startSite(t *testing.T) *site {
	t.Helper()
	port := freePort(t)
	s := &site{t: t, url: fmt.Sprintf("https://localhost:%d", port)}
	s.box = up(t, "--listen", fmt.Sprintf("127.0.0.1:%d", port))
	// The browser is told to trust this very key, and nothing else.
	c, err := tls.Dial("tcp", fmt.Sprintf("localhost:%d", port), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.cert = c.ConnectionState().PeerCertificates[0]
	return s
}

// freePort is one that nobody listened at a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// firstAdmin is the link that `up` printed for whoever comes first.
func (s *site) firstAdmin() string {
	s.t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta(s.url) + `/enrol#\S+`).FindString(s.box.Log.String())
	if link == "" {
		s.t.Fatalf("no link for the first admin\n%s", s.box.Log)
	}
	return link
}

// asRoot calls the API at the machine's own socket.
func (s *site) asRoot(method, path string, header http.Header, body, into any) {
	s.t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(s.box.Data, "run", "api.sock"))
		},
	}}
	if status := ask(s.t, client, method, "http://glovebox"+path, header, body, into); status >= 300 {
		s.t.Fatalf("%s %s: %d", method, path, status)
	}
}

// program is a client that is no browser and trusts this site alone.
func (s *site) program() *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(s.cert)
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"},
	}}
}

// ask sends a request with a JSON body and reads the answer, which may be a
// problem, into a value. It returns the status.
func ask(t *testing.T, c *http.Client, method, url string, header http.Header, body, into any) int {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer) > 0 && json.Unmarshal(answer, into) != nil {
		t.Fatalf("%s %s: %s %s", method, url, res.Status, answer)
	}
	return res.StatusCode
}
