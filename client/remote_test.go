package client_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/identity/identitytest"
	"glovebox/output"
)

func TestLogin(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	c, token := ada.login()
	ctx := t.Context()
	me, err := c.Me(ctx)
	if err != nil || me.Tenant != "acme" || me.Role != "admin" || me.DisplayName != "Ada" || me.Session == nil || me.Session.ID != token.Session.ID {
		t.Fatalf("%+v, %v", me, err)
	}
	// Everything goes over TLS as it does at the socket: calls, uploads, streams.
	images, err := c.ImportImage(ctx, "a:b", strings.NewReader(strings.Repeat("x", 3_000_000)))
	if err != nil || images[0].Size != 3_000_000 {
		t.Fatalf("%+v, %v", images, err)
	}
	id := submit(t, c, func(s *glovebox.Spec) { s.StdinStream = true })
	s.Place(id)
	if n, err := c.AppendStdin(ctx, id, 0, strings.NewReader("typed"), true); n != 5 || err != nil {
		t.Error(n, err)
	}
	s.Write(t, id, output.Stdout, pattern(1_000_000))
	s.Finish(t, id, 3)
	r, err := c.Output(ctx, id, client.Stdout, client.OutputOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || len(b) != 1_000_000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	var last client.Event
	for e, err := range c.Events(ctx, id, "") {
		if err != nil {
			t.Fatal(err)
		}
		last = e
	}
	if last.Type != client.EventEnd {
		t.Errorf("%+v", last)
	}
	// A code is good once, and with its verifier alone.
	for _, wrong := range []string{"4" + verifier[1:], verifier} {
		code, err := ada.ApproveCode(ctx, client.CLICodeRequest{Challenge: challenge, RedirectURI: redirect, Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		other := s.dial(client.Credential{Key: newKey(t)})
		_, err = other.RedeemCode(ctx, code, wrong, redirect)
		if (err == nil) != (wrong == verifier) {
			t.Error(err)
		}
		if _, err = other.RedeemCode(ctx, code, verifier, redirect); glovebox.KindOf(err) != glovebox.KindUnauthorized {
			t.Error(err)
		}
	}
}

func TestDevice(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	ctx := t.Context()
	c := s.dial(client.Credential{Key: newKey(t)})
	d, err := c.BeginDevice(ctx, "build box")
	if err != nil || d.VerificationURL != s.url+"/device" || d.Interval < 1 {
		t.Fatalf("%+v, %v", d, err)
	}
	_, err = c.RedeemDevice(ctx, d.DeviceCode)
	refused(t, err, glovebox.KindUnavailable, "")
	_, err = c.RedeemDevice(ctx, d.DeviceCode)
	refused(t, err, glovebox.KindTooMany, "")
	info, err := ada.Device(ctx, d.UserCode)
	if err != nil || info.Name != "build box" {
		t.Fatalf("%+v, %v", info, err)
	}
	o := info.Operation
	signature := ada.sign(client.StepUpRequest{Action: o.Action, Resource: o.Resource, Parameters: o.Parameters})
	if err := ada.ApproveDevice(ctx, d.UserCode, signature); err != nil {
		t.Fatal(err)
	}
	// Who saw the code, and even the secret, does not have the key.
	_, err = s.dial(client.Credential{Key: newKey(t)}).RedeemDevice(ctx, d.DeviceCode)
	refused(t, err, glovebox.KindUnauthorized, "")
	if _, err := c.RedeemDevice(ctx, d.DeviceCode); err != nil {
		t.Fatal(err)
	}
	if me, err := c.Me(ctx); err != nil || me.Session.Name != "build box" {
		t.Errorf("%+v, %v", me, err)
	}
}

// TestRefresh: a token is renewed before its end, by one of all who need it.
func TestRefresh(t *testing.T) {
	s := startSite(t)
	c, _ := s.admin("acme").login()
	ctx := t.Context()
	before := len(s.asked("/v1/token"))
	for range 3 {
		if _, err := c.Me(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.asked("/v1/token")) - before; n != 0 {
		t.Errorf("%d tokens were asked for while one was good", n)
	}
	s.pass(14*time.Minute + 45*time.Second) // 15 s are left of it
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.Me(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(s.asked("/v1/token")) - before; n != 1 {
		t.Errorf("%d tokens were asked for where one was needed", n)
	}
	for _, r := range s.asked("/v1/me") {
		if r.Header.Get("DPoP") == "" && r.Header.Get("Cookie") == "" {
			t.Error("a request without a proof")
		}
	}
}

// TestRefused: a token that the server does not take any more is renewed once.
func TestRefused(t *testing.T) {
	s := startSite(t)
	slow := s.clock() // a clock that stands still never sees a token expire
	c, _ := s.admin("acme").login(func(o *client.Options) { o.Now = func() time.Time { return slow } })
	ctx := t.Context()
	s.pass(20 * time.Minute)
	slow = s.clock().Add(-20 * time.Minute)
	if _, err := c.Me(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(s.asked("/v1/me")); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// TestProofs: each request has a proof of its own; one that is seen on the way
// is of no use to whoever sees it, nor is a token without its key.
func TestProofs(t *testing.T) {
	s := startSite(t)
	c, _ := s.admin("acme").login()
	for range 2 {
		if _, err := c.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	seen := s.asked("/v1/me")
	if len(seen) != 2 || seen[0].Header.Get("DPoP") == seen[1].Header.Get("DPoP") {
		t.Fatal("two requests have one proof")
	}
	authorization := seen[0].Header.Get("Authorization")
	thief := identitytest.NewKey()
	token := strings.TrimPrefix(authorization, "DPoP ")
	for name, k := range map[string]struct {
		authorization, proof string
		want                 int
	}{
		"replayed":         {authorization, seen[0].Header.Get("DPoP"), http.StatusUnauthorized},
		"no proof":         {authorization, "", http.StatusUnauthorized},
		"as a bearer":      {"Bearer " + token, "", http.StatusUnauthorized},
		"another's key":    {authorization, thief.Proof(s.clock(), "GET", s.url+"/v1/me", token, nil), http.StatusUnauthorized},
		"for another path": {authorization, s.asked("/v1/me/cli-codes")[0].Header.Get("DPoP"), http.StatusUnauthorized},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", k.authorization)
		if k.proof != "" {
			r.Header.Set("DPoP", k.proof)
		}
		if got := s.raw(t, r); got != k.want {
			t.Errorf("%s: %d", name, got)
		}
	}
	// What was refused was refused for that alone: the client goes on.
	if _, err := c.Me(t.Context()); err != nil {
		t.Error(err)
	}
}

// raw sends a request as it is.
func (s *site) raw(t *testing.T, r *http.Request) int {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestSessionOver: what ends a session ends it for the client's next call.
func TestSessionOver(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	c, token := ada.login()
	if _, err := c.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ada.EndSession(t.Context(), token.Session.ID); err != nil {
		t.Fatal(err)
	}
	_, err := c.Me(t.Context())
	refused(t, err, glovebox.KindUnauthorized, "glovebox login")
	_, err = s.dial(client.Credential{Key: newKey(t)}).Me(t.Context())
	refused(t, err, glovebox.KindUnauthorized, "glovebox login")
}

// TestStreamCut: a stream whose session ends does not go on.
func TestStreamCut(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	c, token := ada.login()
	id := submit(t, c)
	s.Place(id)
	s.Write(t, id, output.Stdout, []byte("begun"))
	r, err := c.Output(t.Context(), id, client.Stdout, client.OutputOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if err := ada.EndSession(t.Context(), token.Session.ID); err != nil {
		t.Fatal(err)
	}
	_, err = r.Read(make([]byte, 1))
	refused(t, err, glovebox.KindUnauthorized, "glovebox login")
}

// TestClocks: a machine with a wrong clock gets on, and is told where it matters.
func TestClocks(t *testing.T) {
	for _, off := range []time.Duration{10 * time.Second, 5 * time.Minute, -5 * time.Minute, -24 * time.Hour} {
		s := startSite(t)
		ada := s.admin("acme")
		wrong := func(o *client.Options) { o.Now = func() time.Time { return s.clock().Add(off) } }
		key := newKey(t)
		code, err := ada.ApproveCode(t.Context(), client.CLICodeRequest{Challenge: challenge, RedirectURI: redirect, Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		token, err := s.dial(client.Credential{Key: key}, wrong).RedeemCode(t.Context(), code, verifier, redirect)
		if err != nil {
			t.Fatalf("%s: %v", off, err)
		}
		c := s.dial(client.Credential{Key: key, Session: token.Session.ID}, wrong)
		if _, err := c.Me(t.Context()); err != nil {
			t.Errorf("%s: %v", off, err)
		}
		if err := ada.EndAllSessions(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = c.Me(t.Context())
		refused(t, err, glovebox.KindUnauthorized, "glovebox login")
		if told := strings.Contains(glovebox.AsError(err).Hint, "clock"); told != (off.Abs() > 30*time.Second) {
			t.Errorf("%s: %+v", off, glovebox.AsError(err))
		}
	}
}

func TestWorkload(t *testing.T) {
	s := startSite(t)
	ada := s.admin("acme")
	ctx := t.Context()
	request := client.RuleRequest{Name: "app, main", Issuer: s.ci.URL, Audience: s.url, Claims: s.ci.Claims(), Actions: []string{"job.submit", "job.read"}, Seconds: 60}
	_, err := ada.WriteRule(ctx, request)
	refused(t, err, glovebox.KindApproval, "")
	request.Signature = ada.sign(client.StepUpRequest{Action: "rule.write", Parameters: mustJSON(t, map[string]any{
		"name": request.Name, "issuer": request.Issuer, "audience": request.Audience, "claims": request.Claims,
		"actions": request.Actions, "seconds": request.Seconds,
	})})
	rule, err := ada.WriteRule(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	token := s.ci.Token(s.clock(), s.url, nil)
	c := s.dial(client.Credential{Key: newKey(t), Rule: rule.ID, Token: token})
	id := submit(t, c)
	if job, err := c.Job(ctx, id); err != nil || job.Owner != "workload:"+rule.ID {
		t.Errorf("%+v, %v", job, err)
	}
	if _, err := c.Patient(time.Minute).Job(ctx, id); err != nil {
		t.Errorf("the token was exchanged, and the session is not there: %v", err)
	}
	_, err = c.Cancel(ctx, id)
	refused(t, err, glovebox.KindDenied, "")
	_, err = s.dial(client.Credential{Key: newKey(t), Rule: rule.ID, Token: token}).Me(ctx)
	refused(t, err, glovebox.KindUnauthorized, "glovebox audit --action workload.exchange")
	fork := s.ci.Token(s.clock(), s.url, map[string]any{"repository_id": "1"})
	_, err = s.dial(client.Credential{Key: newKey(t), Rule: rule.ID, Token: fork}).Me(ctx)
	refused(t, err, glovebox.KindUnauthorized, "")
	s.pass(2 * time.Minute)
	_, err = c.Me(ctx)
	refused(t, err, glovebox.KindUnauthorized, "new token of the CI system")
}

// TestRestartsOverTLS: a reader goes on where it was when connections break.
func TestRestartsOverTLS(t *testing.T) {
	s := startSite(t)
	c, _ := s.admin("acme").login()
	id := submit(t, c)
	s.Place(id)
	data := pattern(1 << 20)
	read := make(chan string)
	go func() {
		r, err := c.Output(t.Context(), id, client.Stdout, client.OutputOptions{Follow: true})
		if err != nil {
			t.Error(err)
			close(read)
			return
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		read <- string(b)
	}()
	for i := range 8 {
		n := len(data) / 8
		s.Write(t, id, output.Stdout, data[i*n:(i+1)*n])
		time.Sleep(5 * time.Millisecond)
		s.cut()
		s.back()
		if job, err := c.Submit(t.Context(), glovebox.Spec{Image: "x"}, ""); err != nil || job.ID == "" {
			t.Error(err)
		}
	}
	s.Finish(t, id, 0)
	if got := <-read; got != string(data) {
		t.Errorf("%d bytes of %d", len(got), len(data))
	}
}

func TestBadServers(t *testing.T) {
	s := startSite(t)
	for url, kind := range map[string]glovebox.Kind{
		"http://box.example:80": glovebox.KindInvalid, "ftp://localhost": glovebox.KindInvalid, "localhost:1": glovebox.KindInvalid,
		"https://": glovebox.KindInvalid, s.url + "/path": glovebox.KindInvalid, s.url + "?a": glovebox.KindInvalid,
		"https://me:secret@localhost": glovebox.KindInvalid, "https://localhost/#x": glovebox.KindInvalid, ":": glovebox.KindInvalid,
		"https://localhost:1": glovebox.KindNoServer, "http://127.0.0.1:1": glovebox.KindNoServer, "http://[::1]:1": glovebox.KindNoServer,
	} {
		for _, cred := range []client.Credential{{}, {Key: newKey(t), Session: "ses_x"}} {
			c := client.New(client.Options{URL: url, Credential: cred, Patience: -1})
			_, err := c.Me(t.Context())
			refused(t, err, kind, "")
			c.Close()
		}
	}
	// A server that nobody vouches for is not spoken to.
	before := len(s.asked("/v1/token"))
	c := s.dial(client.Credential{Key: newKey(t), Session: "ses_x"}, func(o *client.Options) { o.RootCAs = nil })
	_, err := c.Me(t.Context())
	refused(t, err, glovebox.KindDenied, "--ca FILE")
	if len(s.asked("/v1/token")) != before {
		t.Error("the server was asked")
	}
	plain := client.New(client.Options{URL: "http://" + s.addr, Patience: -1})
	defer plain.Close()
	if _, err := plain.Me(t.Context()); err == nil {
		t.Error("plain HTTP to a TLS port works")
	}
}

// TestStays: a redirect is not followed, for it would carry a proof elsewhere.
func TestStays(t *testing.T) {
	elsewhere := make(chan *http.Request, 1)
	s := startSite(t)
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			elsewhere <- r
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	_, err := s.dial(client.Credential{}).Me(t.Context())
	if err == nil || len(elsewhere) > 0 {
		t.Errorf("%v, %d", err, len(elsewhere))
	}
}

// TestImpatientCaller: who goes away while somebody else renews the token does
// not wait for it.
func TestImpatientCaller(t *testing.T) {
	s := startSite(t)
	c, _ := s.admin("acme").login()
	s.pass(time.Hour)
	hold, asked := make(chan struct{}), make(chan struct{}, 1)
	whole := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/token" {
			asked <- struct{}{}
			<-hold
		}
		whole.ServeHTTP(w, r)
	})
	done := make(chan error)
	go func() { _, err := c.Me(t.Context()); done <- err }()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Me(ctx); err != context.Canceled {
		t.Error(err)
	}
	close(hold)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
