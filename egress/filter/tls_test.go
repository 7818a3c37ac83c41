package filter_test

import (
	"bufio"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"glovebox"
	"glovebox/egress/filter"
)

// get makes one request on a connection.
func get(c net.Conn, method, host, target string) (int, string, error) {
	if _, err := io.WriteString(c, method+" "+target+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); err != nil {
		return 0, "", err
	}
	return answer(c)
}

func answer(c net.Conn) (int, string, error) {
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b), err
}

func TestTLSPassesByServerName(t *testing.T) {
	r := newRoot(t)
	w := rooted(t, r)
	s := w.site(r, "127.0.2.1", "api.example.com", "*.wild.example.com", "evil.example.com")
	dst := at("127.0.2.1", s.port())
	for _, n := range []string{"api.example.com", "one.wild.example.com", "two.wild.example.com", "evil.example.com"} {
		w.upstream.set(n, "127.0.2.1")
	}
	ca := w.rules(domain("api.example.com", s.port(), "tls"), domain("*.wild.example.com", s.port(), "tls"))
	w.resolve("api.example.com")
	w.resolve("one.wild.example.com")

	for name, want := range map[string]bool{
		"api.example.com": true, "API.example.com": true, "one.wild.example.com": true,
		"two.wild.example.com": false, // listed, but never resolved to this address
		"evil.example.com":     false, // same address, same certificate, other name
		"":                     false,
	} {
		c := w.dial(dst)
		conf := trust(r, nil, name) // the slot's own root is not trusted: what passes was not opened
		if name == "" {
			conf.InsecureSkipVerify = true
		}
		inside := tls.Client(c, conf)
		err := inside.HandshakeContext(t.Context())
		if (err == nil) != want {
			t.Errorf("server name %q: %v", name, err)
		}
		if want {
			if inside.ConnectionState().NegotiatedProtocol != "http/1.1" {
				t.Errorf("the server's own choice is not seen: %q", inside.ConnectionState().NegotiatedProtocol)
			}
			if code, body, err := get(inside, "GET", name, "/x"); code != 200 || !strings.HasPrefix(body, "GET "+name) {
				t.Errorf("server name %q: %d %q %v", name, code, body, err)
			}
		}
	}
	w.refused(glovebox.NetOpen, glovebox.NetName)
	if n := len(s.seen()); n != 3 {
		t.Errorf("the destination saw %d requests", n)
	}
	_ = ca
}

func TestTLSRuleTakesNothingElse(t *testing.T) {
	r := newRoot(t)
	w := rooted(t, r)
	s := w.server("127.0.2.1")
	w.upstream.set("api.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", s.port(), "tls"))
	dst := at(w.resolve("api.example.com"), s.port())
	for what, bytes := range map[string]string{
		"http":            "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
		"ssh":             "SSH-2.0-x\r\n",
		"half a hello":    "\x16\x03\x01\x00\x04\x01\x00\x00\x00",
		"no hello":        "\x16\x03\x01\x00\x04\x02\x00\x00\x00",
		"a long record":   "\x16\x03\x01\xff\xff" + strings.Repeat("\x01", 70000),
		"TLS application": "\x17\x03\x03\x00\x05hello",
	} {
		t.Run(what, func(t *testing.T) {
			c := w.dial(dst)
			io.WriteString(c, bytes)
			c.(*net.TCPConn).CloseWrite()
			w.isReset(c)
		})
	}
	w.refused(glovebox.NetOpen, glovebox.NetProtocol)
	if s.seen() != 0 {
		t.Errorf("the destination saw %d connections", s.seen())
	}
}

// TestOuterNameCounts: a hello that hides another server name is judged by the
// name that is to be seen.
func TestOuterNameCounts(t *testing.T) {
	r := newRoot(t)
	w := rooted(t, r)
	s := w.site(r, "127.0.2.1", "api.example.com", "evil.example.com")
	w.upstream.set("api.example.com", "127.0.2.1")
	w.rules(domain("api.example.com", s.port(), "tls"))
	dst := at(w.resolve("api.example.com"), s.port())
	for outer, want := range map[string]bool{"evil.example.com": false, "api.example.com": true} {
		conf := trust(r, nil, "hidden.example.com")
		conf.MinVersion = tls.VersionTLS13
		conf.EncryptedClientHelloConfigList = echConfigs(t, outer)
		inside := tls.Client(w.dial(dst), conf)
		err := inside.HandshakeContext(t.Context())
		var rejected *tls.ECHRejectionError
		if reached := errors.As(err, &rejected); reached != want {
			t.Errorf("outer name %s: %v", outer, err)
		}
	}
}

// echConfigs is a list of one configuration, of which nobody has the key.
func echConfigs(t *testing.T, outer string) []byte {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	two := func(b []byte, n int) []byte { return binary.BigEndian.AppendUint16(b, uint16(n)) }
	c := []byte{7}                                        // id
	c = two(c, 0x0020)                                    // X25519 and HKDF-SHA256
	c = append(two(c, 32), key.PublicKey().Bytes()...)    // key
	c = two(two(two(c, 4), 1), 1)                         // HKDF-SHA256 and AES-128-GCM
	c = append(append(c, 32, byte(len(outer))), outer...) // longest name, outer name
	c = two(c, 0)                                         // no extensions
	c = append(two(two(nil, 0xfe0d), len(c)), c...)
	return append(two(nil, len(c)), c...)
}

func TestRestrictedTLSIsRead(t *testing.T) {
	r := newRoot(t)
	w := rooted(t, r)
	s := w.site(r, "127.0.2.1", "api.example.com")
	w.upstream.set("api.example.com", "127.0.2.1")
	w.upstream.set("lying.example.com", "127.0.2.1")
	rule := domain("api.example.com", s.port(), "tls")
	rule.Methods, rule.Paths = []string{"GET"}, []string{"/v1/*", "/health"}
	lying := domain("lying.example.com", s.port(), "tls")
	lying.Methods = []string{"GET"}
	ca := w.rules(rule, lying)
	dst := at(w.resolve("api.example.com"), s.port())
	w.resolve("lying.example.com")

	if err := tls.Client(w.dial(dst), trust(r, nil, "api.example.com")).HandshakeContext(t.Context()); err == nil {
		t.Error("control: without the slot's root there is a certificate for the name")
	}
	request := func(name, method, host, target string) (int, string, error) {
		return get(tls.Client(w.dial(dst), trust(nil, ca, name)), method, host, target)
	}
	for _, c := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/v1/things?x=1", 200}, {"GET", "/health", 200}, {"GET", "/v1/", 200},
		{"POST", "/v1/things", 403}, {"GET", "/admin", 403}, {"GET", "/healthy", 403}, {"GET", "/v1", 403},
		{"GET", "/v1/../admin", 403}, {"GET", "/v1/%2e%2e/admin", 403}, {"GET", "/v1/%2E./admin", 403},
		{"GET", "/v1//admin", 403}, {"GET", "/v1/..%2fadmin", 403}, {"GET", "/v1/..;/admin", 403}, {"GET", "/v1/%252e%252e/admin", 403},
		{"GET", "/v1/..%5cadmin", 403}, {"GET", "/v1/%c0%ae%c0%ae/admin", 403}, {"get", "/v1/things", 403}, {"HEAD", "/v1/things", 403},
	} {
		code, body, err := request("api.example.com", c.method, "api.example.com", c.target)
		if code != c.want {
			t.Errorf("%s %s: %d %q %v", c.method, c.target, code, body, err)
		}
		if c.want == 403 && c.method != "HEAD" && !strings.Contains(body, `"urn:glovebox:problem:denied"`) {
			t.Errorf("%s %s is refused with %q", c.method, c.target, body)
		}
	}
	if code, _, _ := request("api.example.com", "GET", "lying.example.com", "/v1/x"); code != 403 {
		t.Errorf("another Host than the server name: %d", code)
	}
	if code, body, _ := request("lying.example.com", "GET", "lying.example.com", "/"); code != 502 {
		t.Errorf("a destination that does not prove its name: %d %q", code, body)
	}
	if n := len(s.seen()); n != 3 {
		t.Errorf("the destination saw %d requests", n)
	}
	e := w.event("request", func(e glovebox.NetEvent) bool { return e.Type == glovebox.NetRequest && e.Allowed })
	if e.Path != "/v1/things" || e.Method != "GET" || e.Rule == "" {
		t.Errorf("the request is told as %+v", e)
	}
	w.refused(glovebox.NetRequest, glovebox.NetMethod)
}

func TestRootsAreOfOneSlot(t *testing.T) {
	w := newWorld(t, nil)
	a := w.rules()
	w.must(w.client.CloseSlot(t.Context(), "a"))
	b := w.open(filter.SlotConfig{ID: "b"})
	if len(a) == 0 || string(a) == string(b) {
		t.Error("two slots have one root")
	}
}
