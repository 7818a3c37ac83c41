package images

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glovebox"
)

// withLogin is a registry that wants user:secret.
func withLogin(t *testing.T) *evil {
	e := newEvil(t)
	e.add(t, simple(t, 100))
	e.setHook(func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "user" && password == "secret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	return e
}

// TestCredentials: a login is used for its registry only.
func TestCredentials(t *testing.T) {
	e := withLogin(t)
	host, _, _ := strings.Cut(e.name(), "/")
	for what, c := range map[string]struct {
		config string
		kind   glovebox.Kind
	}{
		"auth":          {`{"auths":{"` + host + `":{"auth":"dXNlcjpzZWNyZXQ="}}}`, ""},
		"with scheme":   {`{"auths":{"https://` + host + `":{"username":"user","password":"secret"}}}`, ""},
		"other host":    {`{"auths":{"registry.test":{"auth":"dXNlcjpzZWNyZXQ="}}}`, glovebox.KindImageDenied},
		"wrong":         {`{"auths":{"` + host + `":{"auth":"dXNlcjp3cm9uZw=="}}}`, glovebox.KindImageDenied},
		"not base64":    {`{"auths":{"` + host + `":{"auth":"%"}}}`, glovebox.KindImageDenied},
		"not json":      {`hello`, glovebox.KindImageDenied},
		"none":          {`{}`, glovebox.KindImageDenied},
		"absent helper": {`{"credsStore":"does-not-exist","auths":{"` + host + `":{"auth":"dXNlcjpzZWNyZXQ="}}}`, ""},
		"helper path":   {`{"credsStore":"../../bin/sh","auths":{"` + host + `":{}}}`, glovebox.KindImageDenied},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(c.config), 0o600); err != nil {
			t.Fatal(err)
		}
		p, _ := newPuller(t, Caps{})
		p.Credentials = dir
		_, err := p.Pull(background, "t", e.name(), nil)
		if glovebox.KindOf(err) != c.kind {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil {
			wantKind(t, err, c.kind)
		}
	}
}

// TestCredentialHelper: one is run if it is in PATH, and only then.
func TestCredentialHelper(t *testing.T) {
	e := withLogin(t)
	bin, dir := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\necho '{\"Username\":\"user\",\"Secret\":\"secret\"}'\n"
	if err := os.WriteFile(filepath.Join(bin, "docker-credential-testing"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"credsStore":"testing"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := newPuller(t, Caps{})
	p.Credentials = dir
	_, err := p.Pull(background, "t", e.name(), nil)
	wantKind(t, err, glovebox.KindImageDenied)
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	if _, err := p.Pull(background, "t", e.name(), nil); err != nil {
		t.Fatal(err)
	}
}
