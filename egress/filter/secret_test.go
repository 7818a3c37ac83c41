package filter_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"glovebox"
	"glovebox/egress/filter"
)

const value = "s3cr3t-canary-5f1d"

func TestSecretGoesToItsNameOnly(t *testing.T) {
	r := newRoot(t)
	w := rooted(t, r)
	plain, other := w.site(nil, "127.0.2.1"), w.site(nil, "127.0.2.1")
	secure := w.site(r, "127.0.2.1", "api.example.com")
	for _, n := range []string{"api.example.com", "other.example.com", "down.example.com"} {
		w.upstream.set(n, "127.0.2.1")
	}
	byAddress := glovebox.EgressRule{Address: "127.0.2.1", Port: other.port(), Protocol: "http"}
	secret := filter.Secret{Domain: "api.example.com", Header: "Authorization", Prefix: "Bearer ", Value: value}
	also := filter.Secret{Domain: "API.example.com", Header: "X-Key", Value: value}
	ca := w.open(filter.SlotConfig{Secrets: []filter.Secret{secret, also}, Rules: []glovebox.EgressRule{
		domain("api.example.com", plain.port(), "http"), domain("other.example.com", plain.port(), "http"),
		domain("api.example.com", secure.port(), "tls"), domain("api.example.com", 1, "http"), byAddress,
	}})
	ip := w.resolve("api.example.com")
	w.resolve("other.example.com")

	var bodies strings.Builder
	send := func(dst, host, head string, inside *tls.Config) int {
		c := w.dial(dst)
		if inside != nil {
			c = tls.Client(c, inside)
		}
		io.WriteString(c, head+" HTTP/1.1\r\nHost: "+host+"\r\nauthorization: Bearer mine\r\nX_Key: mine\r\nConnection: Authorization, X-Key\r\n\r\n")
		code, body, err := answer(c)
		fmt.Fprintln(&bodies, code, body, err)
		return code
	}
	for what, c := range map[string]struct {
		to     *site
		dst    string
		host   string
		inside *tls.Config
		want   string
	}{
		"http":                 {plain, at(ip, plain.port()), "api.example.com", nil, "Bearer " + value},
		"http, other spelling": {plain, at(ip, plain.port()), "API.Example.com.:" + port(plain.port()), nil, "Bearer " + value},
		"tls":                  {secure, at(ip, secure.port()), "api.example.com", trust(nil, ca, "api.example.com"), "Bearer " + value},
		"another name":         {plain, at(ip, plain.port()), "other.example.com", nil, "Bearer mine"},
		"rule of an address":   {other, at(ip, other.port()), "api.example.com", nil, "Bearer mine"},
	} {
		if what == "another name" || what == "rule of an address" {
			// Here the job's own header has to pass, so it is not named in Connection.
			conn := w.dial(c.dst)
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+c.host+"\r\nAuthorization: Bearer mine\r\n\r\n")
			code, body, err := answer(conn)
			fmt.Fprintln(&bodies, code, body, err)
		} else if code := send(c.dst, c.host, "GET /", c.inside); code != 200 {
			t.Errorf("%s: %d %s", what, code, bodies.String())
			continue
		}
		seen := c.to.seen()
		h := seen[len(seen)-1].Header
		if got := h.Values("Authorization"); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: the destination sees %q", what, got)
		}
		if got := h.Get("X-Key"); (got == value) != strings.HasPrefix(c.want, "Bearer "+value) || h.Get("X_Key") != "" {
			t.Errorf("%s: the destination sees %q", what, h)
		}
	}

	// What fails or is refused does not show it either.
	if code := send(at(ip, 1), "api.example.com", "GET /", nil); code != 502 {
		t.Errorf("a destination that is down: %d", code)
	}
	if code := send(at(ip, plain.port()), "api.example.com", "TRACE /", nil); code != 403 {
		t.Errorf("TRACE: %d", code)
	}
	if code := send(at(ip, plain.port()), "evil.example.com", "GET /", nil); code != 403 {
		t.Errorf("another Host: %d", code)
	}
	if code := send(at(ip, plain.port()), "api.example.com", "GET /?to=http://other.example.com/", nil); code != 302 {
		t.Errorf("redirect: %d", code)
	}
	err := w.client.Change(t.Context(), filter.SlotConfig{ID: "a", Secrets: []filter.Secret{{Domain: "x", Header: "A", Value: value + "\n"}}})
	if glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != "secrets.0.value" {
		t.Errorf("a value that no header can carry: %v", err)
	}
	w.must(w.client.CloseSlot(t.Context(), "a"))
	events, _ := json.Marshal(w.events)
	for where, text := range map[string]string{
		"answers": bodies.String(), "events": string(events), "the error": fmt.Sprint(err), "print": fmt.Sprintf("%v %+v %#v %s %q", secret, secret, secret, secret, []filter.Secret{secret}),
	} {
		if strings.Contains(text, value) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(value))) {
			t.Errorf("the secret is in %s", where)
		}
	}
	if !strings.Contains(bodies.String(), "200") || !strings.Contains(string(events), "api.example.com") {
		t.Error("control: there is nothing that was searched")
	}
}

// TestSecretNeedsProof: a connection that proves another name, to the same
// address, gets no secret, though its Host says the right one.
func TestSecretNeedsProof(t *testing.T) {
	r := newRoot(t)
	w := rooted(t, r)
	s := w.site(r, "127.0.2.1", "evil.example.com", "api.example.com")
	w.upstream.set("api.example.com", "127.0.2.1")
	held := glovebox.EgressRule{Address: "127.0.2.1", Port: s.port(), Protocol: "tls", Methods: []string{"GET"}}
	ca := w.open(filter.SlotConfig{
		Rules:   []glovebox.EgressRule{held, domain("api.example.com", s.port(), "tls")},
		Secrets: []filter.Secret{{Domain: "api.example.com", Header: "Authorization", Value: value}},
	})
	dst := at(w.resolve("api.example.com"), s.port())
	for name, want := range map[string]string{"evil.example.com": "", "api.example.com": value} {
		c := tls.Client(w.dial(dst), trust(nil, ca, name))
		if code, body, err := get(c, "GET", "api.example.com", "/"); code != 200 {
			t.Errorf("%s: %d %q %v", name, code, body, err)
			continue
		}
		seen := s.seen()
		if got := seen[len(seen)-1].Header.Get("Authorization"); got != want {
			t.Errorf("who proves to be %s gets %q", name, got)
		}
	}
}

func TestSecretsAreChecked(t *testing.T) {
	w := newWorld(t, nil)
	for field, s := range map[string]filter.Secret{
		"secrets.0.domain": {Domain: "*.example.com", Header: "A", Value: "v"},
		"secrets.0.header": {Domain: "a.example.com", Header: "A:", Value: "v"},
		"secrets.0.value":  {Domain: "a.example.com", Header: "A"},
	} {
		_, err := w.client.Open(t.Context(), filter.SlotConfig{ID: "a", Secrets: []filter.Secret{s}})
		if e := glovebox.AsError(err); err == nil || e.Field != field || e.Kind != glovebox.KindInvalid {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, h := range []string{"host", "Connection", "transfer-encoding", "Content-Length", "Upgrade", "Te"} {
		if _, err := w.client.Open(t.Context(), filter.SlotConfig{ID: "a", Secrets: []filter.Secret{{Domain: "a.example.com", Header: h, Value: "v"}}}); err == nil {
			t.Errorf("header %s can be a secret", h)
		}
	}
}
