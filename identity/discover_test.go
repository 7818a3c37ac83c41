package identity

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDiscoverKeys(t *testing.T) {
	var document, keys string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_, _ = w.Write([]byte(document))
		case "/keys":
			_, _ = w.Write([]byte(keys))
		case "/moved":
			http.Redirect(w, r, "/keys", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	fetch := DiscoverKeys(server.Client().Transport)
	keys = `{"keys":[]}`
	good := `{"issuer":"` + server.URL + `","jwks_uri":"` + server.URL + `/keys"}`
	for name, d := range map[string]string{
		"another issuer": strings.Replace(good, server.URL, "https://evil.example", 1),
		"plain http":     strings.Replace(good, server.URL+"/keys", strings.Replace(server.URL, "https", "http", 1)+"/keys", 1),
		"redirect":       strings.Replace(good, "/keys", "/moved", 1),
		"nothing there":  strings.Replace(good, "/keys", "/none", 1),
		"no keys":        strings.Replace(good, server.URL+"/keys", "", 1),
		"not JSON":       "<html>",
		"huge":           strings.Repeat(" ", maxKeySet+1),
	} {
		document = d
		if _, err := fetch(t.Context(), server.URL); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	document = good
	if data, err := fetch(t.Context(), server.URL); err != nil || string(data) != keys {
		t.Errorf("control: %q, %v", data, err)
	}
	if _, err := fetch(t.Context(), strings.Replace(server.URL, "https", "http", 1)); err == nil {
		t.Error("asked by http")
	}
}
