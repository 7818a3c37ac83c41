package images

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
)

// metadataServer counts what reaches it; it stands in for a cloud's.
func metadataServer(t *testing.T) (addr string, hits *atomic.Int64) {
	t.Helper()
	hits = &atomic.Int64{}
	l, err := net.Listen("tcp", "127.0.0.99:0")
	if err != nil {
		t.Skipf("needs a second loopback address: %v", err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { hits.Add(1) })}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String(), hits
}

var fakeMetadata = []netip.Prefix{netip.MustParsePrefix("127.0.0.99/32")}

// TestRedirectToMetadata: a registry that sends us there, at each of its
// occasions, gets a refusal and no request arrives. Without the rule it does:
// that is the positive control.
func TestRedirectToMetadata(t *testing.T) {
	target, hits := metadataServer(t)
	for name, hook := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"ping": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://"+target+"/latest", http.StatusFound)
			return true
		},
		"manifest": func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			http.Redirect(w, r, "http://"+target+"/latest", http.StatusTemporaryRedirect)
			return true
		},
		"layer": func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/blobs/") {
				return false
			}
			http.Redirect(w, r, "http://"+target+"/latest", http.StatusTemporaryRedirect)
			return true
		},
		"layer by name": func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/blobs/") {
				return false
			}
			_, port, _ := net.SplitHostPort(target)
			http.Redirect(w, r, "http://[::ffff:127.0.0.99]:"+port+"/latest", http.StatusTemporaryRedirect)
			return true
		},
	} {
		e := newEvil(t)
		e.add(t, simple(t, 100))
		e.setHook(hook)
		p, blobs := newPuller(t, Caps{})
		p.Refuse = fakeMetadata
		_, err := p.Pull(background, "t", e.name(), nil)
		wantKind(t, err, glovebox.KindImageDenied)
		wantEmpty(t, blobs)
		if hits.Load() != 0 {
			t.Fatalf("%s: metadata was asked", name)
		}
		q, _ := newPuller(t, Caps{})
		_, _ = q.Pull(background, "t", e.name(), nil)
		if hits.Swap(0) == 0 {
			t.Fatalf("%s: without the rule nothing arrives either; the test proves nothing", name)
		}
	}
}

// TestMetadataIsBuiltIn: the real addresses are refused before a packet goes out,
// in every notation, as a registry and as the target of a redirect.
func TestMetadataIsBuiltIn(t *testing.T) {
	for _, host := range []string{"169.254.169.254", "169.254.170.2:80", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]:80",
		"100.100.100.200", "168.63.129.16", "[64:ff9b::a9fe:a9fe]"} {
		e := newEvil(t)
		e.add(t, simple(t, 100))
		e.setHook(func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://"+host+"/", http.StatusFound)
			return true
		})
		p, _ := newPuller(t, Caps{})
		_, err := p.Pull(background, "t", e.name(), nil)
		wantKind(t, err, glovebox.KindImageDenied)
		if !strings.Contains(host, "::ffff") && !strings.Contains(host, "64:ff9b") { // no names of registries
			_, err = p.Pull(background, "t", host+"/app", nil)
			if kind := glovebox.KindOf(err); kind != glovebox.KindImageDenied {
				t.Errorf("%s as a registry: %v", host, err)
			}
		}
	}
}

// TestAddressRules: what a dialer may connect to once a name is resolved.
func TestAddressRules(t *testing.T) {
	far, near := addressRules{}, addressRules{loopback: true}
	for _, c := range []struct {
		address   string
		far, near bool
	}{
		{"93.184.216.34:443", true, true}, {"10.0.0.1:5000", true, true}, {"[2001:db8::1]:443", true, true},
		{"127.0.0.1:80", false, true}, {"127.9.9.9:80", false, true}, {"[::1]:80", false, true}, {"0.0.0.0:80", false, true},
		{"[::]:80", false, true}, {"[::ffff:127.0.0.1]:80", false, true},
		{"169.254.169.254:80", false, false}, {"[::ffff:a9fe:a9fe]:80", false, false}, {"[::a9fe:a9fe]:80", false, false},
		{"[64:ff9b::a9fe:a9fe]:80", false, false}, {"[fe80::1%eth0]:80", false, false}, {"[fd00:ec2::254]:80", false, false},
		{"224.0.0.1:80", false, false}, {"[ff02::1]:80", false, false}, {"nonsense", false, false},
	} {
		if err := far.control(background, "tcp", c.address, nil); (err == nil) != c.far {
			t.Errorf("%s for a registry elsewhere: %v", c.address, err)
		}
		if err := near.control(background, "tcp", c.address, nil); (err == nil) != c.near {
			t.Errorf("%s for a registry here: %v", c.address, err)
		}
	}
}

// tlsRegistry is an evil one by HTTPS, which the puller finds under any name.
func tlsRegistry(t *testing.T) (*evil, *Puller) {
	e := newEvil(t)
	secure := httptest.NewTLSServer(e)
	t.Cleanup(secure.Close)
	p, _ := newPuller(t, Caps{})
	p.TLS = &tls.Config{InsecureSkipVerify: true}
	transport := p.guardFor(false).next.(*http.Transport)
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, secure.Listener.Addr().String())
	}
	return e, p
}

// TestHTTPSOnly: a registry elsewhere is not spoken to in the clear, and must not
// redirect there nor to this machine.
func TestHTTPSOnly(t *testing.T) {
	e, p := tlsRegistry(t)
	e.add(t, simple(t, 100))
	if _, err := p.Pull(background, "t", "registry.test/test:latest", nil); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	for _, target := range []string{"http://other.test/x", "http://" + strings.TrimPrefix(e.URL, "http://") + "/x", "https://127.0.0.1/x", "https://[::1]/x"} {
		e.setHook(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			http.Redirect(w, r, target, http.StatusTemporaryRedirect)
			return true
		})
		_, err := p.Pull(background, "t", "registry.test/test:latest", nil)
		wantKind(t, err, glovebox.KindImageDenied)
	}
}

// TestTokenService: the address of a token service is the registry's
// word, and is held to the same rules.
func TestTokenService(t *testing.T) {
	target, hits := metadataServer(t)
	e := newEvil(t)
	e.add(t, simple(t, 100))
	e.setHook(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+target+`/token",service="x"`)
		w.WriteHeader(401)
		return true
	})
	p, _ := newPuller(t, Caps{})
	p.Refuse = fakeMetadata
	if _, err := p.Pull(background, "t", e.name(), nil); err == nil || hits.Load() != 0 {
		t.Fatalf("%v; %d requests", err, hits.Load())
	}
}

// TestProxy: a proxy that the operator set may be on this machine; what it is
// asked for is still judged.
func TestProxy(t *testing.T) {
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	u, _ := url.Parse(proxy.URL)
	p, _ := newPuller(t, Caps{})
	p.Proxy = http.ProxyURL(u)
	_, err := p.Pull(background, "t", "registry.test/app", nil)
	wantKind(t, err, glovebox.KindUnreachable)
	if asked.Swap(0) == 0 {
		t.Fatal("the proxy was not asked")
	}
	_, err = p.Pull(background, "t", "169.254.169.254/app", nil)
	wantKind(t, err, glovebox.KindImageDenied)
	if asked.Load() != 0 {
		t.Fatal("the proxy was asked for metadata")
	}
}

// TestUnresolvable: a name that does not exist is unreachable, with a hint.
func TestUnresolvable(t *testing.T) {
	p, _ := newPuller(t, Caps{})
	p.Stock.Attempts, p.DialTimeout = 1, time.Second
	p.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	_, err := p.Pull(background, "t", "does-not-exist.invalid/app", nil)
	wantKind(t, err, glovebox.KindUnreachable)
}

// TestSilentRegistry: one that takes connections and never says a word is waited
// for once, by a time-out of its own, at each stage of a pull.
func TestSilentRegistry(t *testing.T) {
	pull := func(t *testing.T, name string) {
		p, _ := newPuller(t, Caps{})
		p.Stock.Attempts, p.HeaderTimeout, p.StallTimeout = 100, 400*time.Millisecond, time.Hour
		started := time.Now()
		_, err := p.Pull(background, "t", name, nil)
		wantKind(t, err, glovebox.KindUnreachable)
		if took := time.Since(started); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
	}
	t.Run("greeting", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0") // whose queue takes connections by itself
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		pull(t, l.Addr().String()+"/app")
	})
	for _, part := range []string{"/manifests/", "/blobs/"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			e := newEvil(t)
			e.add(t, simple(t, 100))
			e.setHook(func(_ http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, part) {
					<-r.Context().Done()
					return true
				}
				return false
			})
			pull(t, e.name())
		})
	}
	t.Run("TLS handshake", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		p, _ := newPuller(t, Caps{})
		p.DialTimeout = 200 * time.Millisecond
		req, _ := http.NewRequest(http.MethodGet, "https://"+l.Addr().String()+"/v2/", nil)
		_, err = p.guardFor(true).RoundTrip(req)
		wantKind(t, err, glovebox.KindUnreachable)
		if !errors.Is(err, errSilent) {
			t.Errorf("%v would be repeated", err)
		}
	})
}
