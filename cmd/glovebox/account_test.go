package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/internal/contexts"
)

// agree is the browser of a person who agrees to what /cli asks.
func (p *person) agree(page string) bool {
	u, err := url.Parse(page)
	if err != nil || u.Path != "/cli" {
		p.site.t.Errorf("page %q", page)
		return false
	}
	q := u.Query()
	code, err := p.ApproveCode(context.Background(), client.CLICodeRequest{Challenge: q.Get("challenge"), RedirectURI: q.Get("redirect_uri"), Name: q.Get("name")})
	if err != nil {
		p.site.t.Error(err)
		return false
	}
	go p.site.visit(q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusOK)
	return true
}

// visit opens a page that must answer with a status, and returns it.
func (s *site) visit(page string, want int) string {
	resp, err := http.Get(page)
	if err != nil {
		s.t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != want {
		s.t.Errorf("%s: %s, %s", page, resp.Status, b)
	}
	return string(b)
}

// loggedIn is a laptop where Ada logged in.
func (s *site) loggedIn() *shell {
	s.t.Helper()
	sh := s.laptop()
	sh.open = s.ada.agree
	sh.ok(s.t, "login", s.url, "--ca", s.ca)
	sh.open = nil
	return sh
}

func has(t *testing.T, got typed, out, errs string) {
	t.Helper()
	for _, k := range []struct{ text, pattern string }{{got.stdout, out}, {got.stderr, errs}} {
		if !regexp.MustCompile(k.pattern).MatchString(k.text) {
			t.Errorf("exit %d: no %q in\n%s", got.code, k.pattern, k.text)
		}
	}
}

func TestLogin(t *testing.T) {
	s := startSite(t)
	sh := s.loggedIn()
	has(t, sh.ok(t, "whoami"), `(?m)^name +Ada$`, `^$`)
	has(t, sh.ok(t, "whoami", "--json"), `"tenant": "acme"`, `^$`)
	has(t, sh.ok(t, "contexts"), `\* +localhost:\d+ +https://localhost:\d+ +acme +Ada +yes`, `^$`)
	listed := sh.ok(t, "contexts", "list", "--json")
	if strings.Contains(listed.stdout, "PRIVATE") {
		t.Error("the key is shown")
	}
	path := filepath.Join(sh.env["HOME"], ".config", "glovebox", "contexts.json")
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	// Jobs go to the context's server, as to one's own.
	has(t, sh.ok(t, "run", "--detach", "busybox", "--", "true"), `^j`, `^$`)
	has(t, sh.ok(t, "jobs"), `busybox +true`, `^$`)
	has(t, sh.ok(t, "tenant", "show"), `concurrent jobs`, `^$`)
	has(t, sh.ok(t, "audit", "--action", "session.open"), `session\.open`, `^$`)
	has(t, sh.ok(t, "people"), `Ada`, `^$`)
	has(t, sh.ok(t, "passkeys"), `laptop +usable`, `^$`)
	// A rule is carried to the page in the URL, behind what is sent.
	rule := filepath.Join(t.TempDir(), "rule.json")
	const text = `{"name":"app ü","issuer":"https://i.example","audience":"a","claims":{"sub":"x"},"actions":["job.read"],"seconds":9}`
	if err := os.WriteFile(rule, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	added := sh.run(t, "rules", "add", "--file", rule)
	has(t, added, ``, `adding a rule takes a signature`)
	page, filled, _ := strings.Cut(strings.TrimSpace(added.stdout), "#rules=")
	if b, err := base64.RawURLEncoding.DecodeString(filled); page != s.url+"/" || string(b) != text || err != nil || added.code != glovebox.KindApproval.Info().Exit {
		t.Errorf("%+v: %s, %v", added, b, err)
	}
	// What takes a signature shows where to give it.
	for _, args := range [][]string{{"people", "invite"}, {"passkeys", "add"}, {"rules", "rm"}, {"people", "role"}} {
		got := sh.run(t, args...)
		if got.code != glovebox.KindApproval.Info().Exit {
			t.Errorf("%v: exit %d", args, got.code)
		}
		has(t, got, `^https://localhost:\d+/#`, `takes a signature by your passkey, which a terminal cannot give\nhint: do it in the browser: https://`)
	}
	// Logging in again needs no URL and no CA, and logging out ends the session.
	sh.open = s.ada.agree
	has(t, sh.ok(t, "login"), `^$`, `logged in at https://localhost:\d+ as Ada, admin of tenant acme`)
	sessions := sh.ok(t, "sessions", "--json")
	var all []client.Session
	if err := json.Unmarshal([]byte(sessions.stdout), &all); err != nil || len(all) != 3 {
		t.Fatalf("%d, %v", len(all), err)
	}
	has(t, sh.ok(t, "logout"), `^$`, `logged out`)
	if left, err := s.ada.Sessions(t.Context()); err != nil || len(left) != 2 {
		t.Errorf("%d sessions are left, %v", len(left), err)
	}
	if b, err := os.ReadFile(path); err != nil || strings.Contains(string(b), "PRIVATE") {
		t.Errorf("the key is still there, %v", err)
	}
	got := sh.run(t, "whoami")
	has(t, got, `^$`, `nobody is logged in at https.*\nhint: log in: glovebox login --context localhost`)
	sh.ok(t, "contexts", "rm", "localhost:"+strings.TrimPrefix(s.url, "https://localhost:"))
}

// TestSessionEnded: what ends a session elsewhere ends it for commands, too.
func TestSessionEnded(t *testing.T) {
	s := startSite(t)
	sh := s.loggedIn()
	if err := s.ada.EndAllSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := sh.run(t, "jobs")
	if got.code != glovebox.KindUnauthorized.Info().Exit {
		t.Errorf("exit %d", got.code)
	}
	has(t, got, `^$`, `hint: log in: glovebox login`)
	sh.ok(t, "logout") // is over already, and the key can go
}

func TestLoginRefused(t *testing.T) {
	s := startSite(t)
	sh := s.laptop()
	// Whoever is not vouched for is not logged in to.
	has(t, sh.run(t, "login", s.url), `^$`, `cannot prove who it is.*\nhint: .*--ca FILE`)
	has(t, sh.run(t, "login", "http://box.example"), `^$`, `in the clear`)
	has(t, sh.run(t, "login"), `^$`, `which server\?`)
	has(t, sh.run(t, "login", s.url, "--ca", os.DevNull), `^$`, `no certificate`)
	has(t, sh.run(t, "login", s.url, "--context", "a/b"), `^$`, `cannot be a context's name`)
	// The person says no.
	sh.open = func(page string) bool {
		u, _ := url.Parse(page)
		q := u.Query()
		go s.visit(q.Get("redirect_uri")+"?"+url.Values{"error": {"access_denied"}, "state": {q.Get("state")}}.Encode(), http.StatusOK)
		return true
	}
	got := sh.run(t, "login", s.url, "--ca", s.ca)
	has(t, got, `^$`, `refused in the browser`)
	if got.code != glovebox.KindDenied.Info().Exit {
		t.Errorf("exit %d", got.code)
	}
	all, err := contexts.Load(filepath.Join(sh.env["HOME"], ".config", "glovebox", "contexts.json"))
	if err != nil || len(all.All) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	// Somebody's own code, a page that guesses, a repeated one: none gets in.
	b, err := listenCallback()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	right := url.Values{"code": {"c"}, "state": {b.state}}.Encode()
	s.visit(b.redirect+"?code=c", http.StatusBadRequest)
	s.visit(b.redirect+"?code=c&state=guess", http.StatusBadRequest)
	s.visit(b.redirect+"?code=c&state="+b.state+"&state=guess", http.StatusBadRequest)
	s.visit(b.redirect+"?state="+b.state, http.StatusBadRequest)
	s.visit(b.redirect+"/x?"+right, http.StatusNotFound)
	s.visit(strings.Replace(b.redirect, "127.0.0.1", "localhost", 1)+"?"+right, http.StatusNotFound)
	if page := s.visit(b.redirect+"?"+right, http.StatusOK); !strings.Contains(page, "close this window") {
		t.Error(page)
	}
	s.visit(b.redirect+"?"+right, http.StatusConflict)
	if code, err := b.wait(t.Context()); code != "c" || err != nil {
		t.Errorf("%q, %v", code, err)
	}
}

func TestLoginByDevice(t *testing.T) {
	s := startSite(t)
	asked, approved := make(chan struct{}), make(chan struct{})
	waits := 0
	a := &app{open: func(string) bool { return false }}
	a.pause = func(context.Context, time.Duration) error {
		if waits++; waits == 3 { // the first questions come before the answer, and too often
			close(asked)
			<-approved
		}
		return nil
	}
	text, err := readCA(s.ca)
	if err != nil {
		t.Fatal(err)
	}
	one := contexts.Context{Name: "x", URL: s.url, CA: text}
	c, err := a.newLogin(&one)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a.stderr = w
	done := make(chan error, 1)
	go func() {
		defer w.Close()
		done <- a.loginByDevice(t.Context(), c, "build box")
	}()
	buf := make([]byte, 1000)
	n, _ := r.Read(buf)
	code := regexp.MustCompile(`[A-Z]{4}-[A-Z]{4}`).FindString(string(buf[:n]))
	if !strings.Contains(string(buf[:n]), s.url+"/device") || code == "" {
		t.Fatalf("%s", buf[:n])
	}
	<-asked
	info, err := s.ada.Device(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	o := info.Operation
	if err := s.ada.ApproveDevice(t.Context(), code, s.ada.sign(client.StepUpRequest{Action: o.Action, Resource: o.Resource, Parameters: o.Parameters})); err != nil {
		t.Fatal(err)
	}
	close(approved)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if waits < 3 {
		t.Errorf("asked %d times", waits)
	}
	if me, err := c.Me(t.Context()); err != nil || me.DisplayName != "Ada" {
		t.Errorf("%+v, %v", me, err)
	}
}

// TestWhere: flags come before the environment, that before the current context.
func TestWhere(t *testing.T) {
	s := startSite(t)
	sh := s.loggedIn()
	name := strings.TrimPrefix(s.url, "https://")
	who := func(args ...string) string {
		t.Helper()
		got := sh.ok(t, append([]string{"whoami", "--json"}, args...)...)
		var me client.Me
		if err := json.Unmarshal([]byte(got.stdout), &me); err != nil {
			t.Fatal(err)
		}
		return me.DisplayName
	}
	root := who("--data", s.data)
	if root == "Ada" || who() != "Ada" || who("--context", name) != "Ada" {
		t.Errorf("root is %q", root)
	}
	sh.env["GLOVEBOX_DATA"] = s.data
	if who() != root || who("--context", name) != "Ada" {
		t.Error("the environment is not looked at, or comes before flags")
	}
	sh.env["GLOVEBOX_DATA"] = ""
	sh.env["GLOVEBOX_CONTEXT"] = "nonsense"
	has(t, sh.run(t, "whoami"), `^$`, `there is no context "nonsense"`)
	sh.env["GLOVEBOX_CONTEXT"] = ""
	has(t, sh.run(t, "whoami", "--data", s.data, "--context", name), `^$`, `give one of them`)
	has(t, sh.run(t, "recover", "--list", "--context", name), `^$`, `done on the machine of the instance`)
	path := filepath.Join(sh.env["HOME"], ".config", "glovebox", "contexts.json")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	has(t, sh.run(t, "whoami"), `^$`, `others can read it: its mode is 0644\nhint: .*chmod 600`)
}

func TestWorkload(t *testing.T) {
	s := startSite(t)
	request := client.RuleRequest{Name: "app", Issuer: s.ci.URL, Audience: s.url, Claims: s.ci.Claims(), Actions: []string{"job.submit", "job.read"}, Seconds: 60}
	parameters, err := json.Marshal(map[string]any{"name": request.Name, "issuer": request.Issuer, "audience": request.Audience,
		"claims": request.Claims, "actions": request.Actions, "seconds": request.Seconds})
	if err != nil {
		t.Fatal(err)
	}
	request.Signature = s.ada.sign(client.StepUpRequest{Action: "rule.write", Parameters: parameters})
	rule, err := s.ada.WriteRule(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	sh := s.laptop()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(s.ci.Token(s.clock(), s.url, nil)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	has(t, sh.ok(t, "token", "exchange", "--url", s.url, "--ca", s.ca, "--rule", rule.ID, "--token-file", file), `(?m)^name +app$`, `^$`)
	// The same token again is refused, also as environment; a fresh one is good.
	sh.env["GLOVEBOX_URL"], sh.env["GLOVEBOX_RULE"], sh.env["GLOVEBOX_CA"] = s.url, rule.ID, s.ca
	used, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sh.env["GLOVEBOX_OIDC_TOKEN"] = strings.TrimSpace(string(used))
	if got := sh.run(t, "jobs"); got.code != glovebox.KindUnauthorized.Info().Exit {
		t.Errorf("%+v", got)
	}
	sh.env["GLOVEBOX_OIDC_TOKEN"] = s.ci.Token(s.clock(), s.url, nil)
	has(t, sh.ok(t, "run", "--detach", "busybox"), `^j`, `^$`)
	if found, err := os.ReadDir(sh.env["HOME"]); err != nil || len(found) != 0 {
		t.Errorf("something was written: %v, %v", found, err)
	}
	sh.env["GLOVEBOX_RULE"] = ""
	has(t, sh.run(t, "jobs"), `^$`, `GLOVEBOX_RULE is not`)
}

// TestSignedRun: a job that is refused for want of a signature is signed in the
// browser and then submitted.
func TestSignedRun(t *testing.T) {
	s := startSite(t)
	sh := s.loggedIn()
	refused := false
	s.Service.Fail(func(method string) error {
		if method == "Submit" && !refused {
			refused = true
			return glovebox.Errorf(glovebox.KindApproval, "runtime runc needs a signed approval")
		}
		return nil
	})
	has(t, sh.run(t, "run", "--detach", "--runtime", "runc", "busybox"), `^$`, `image busybox is not here(?s:.*)hint: .*image pull busybox.*digest`)
	refused = false
	const name, other = "docker.io/library/busybox:latest", "docker.io/library/busybox:other"
	var kept client.Image
	for _, n := range []string{other, name} {
		var err error
		if kept, err = s.ada.PullImage(t.Context(), n, nil); err != nil {
			t.Fatal(err)
		}
	}
	sh.open = func(page string) bool {
		id := strings.TrimPrefix(page, s.url+"/approve/")
		up, err := s.ada.BeginApproval(t.Context(), id)
		if err != nil {
			t.Error(err)
			return false
		}
		response, err := s.ada.device.Assert(up.Options)
		if err != nil {
			t.Error(err)
			return false
		}
		if _, err = s.ada.SignApproval(t.Context(), id, client.Answer{ID: up.ID, Response: response}); err != nil {
			t.Error(err)
		}
		return true
	}
	for _, image := range []string{"busybox", "busybox@" + kept.Digest, kept.Digest} {
		refused = false
		job := sh.ok(t, "run", "--detach", "--runtime", "runc", image)
		has(t, job, `^j`, `because of runtime: runc; open\n\n  https://localhost:\d+/approve/`)
		if !refused {
			t.Error("nothing was refused")
		}
		plain := image == "busybox"
		if said := strings.Contains(job.stderr, "pinned to "+kept.Digest); said != plain {
			t.Errorf("%s: %s", image, job.stderr)
		}
		if plain {
			image += "@" + kept.Digest
		}
		has(t, sh.ok(t, "show", "--json", strings.TrimSpace(job.stdout)), `"containerImage": "`+image+`"`, `^$`)
	}
}
