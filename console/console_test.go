package console

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"glovebox"
)

const testURL = "https://box.example:8443"

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	h, err := Handler(Config{PublicURL: testURL})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// ask sends one request and returns the answer with its whole body.
func ask(t *testing.T, s *httptest.Server, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// pages are the paths of all pages, by where they are.
var pages = []string{"/", "/login", "/enrol", "/cli", "/device", "/approve/apr_0123"}

func TestPagesAreThere(t *testing.T) {
	s := serve(t)
	for _, p := range pages {
		res, body := ask(t, s, "GET", p)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(body, "<!doctype html>") {
			t.Errorf("%s: %s %s", p, res.Status, res.Header)
		}
		if !strings.Contains(body, `content="`+testURL+`"`) || strings.Contains(body, "{{") {
			t.Errorf("%s does not know its origin", p)
		}
	}
	for _, p := range []string{"/nothing", "/login/", "/approve", "/approve/", "/approve/a/b", "/assets/", "/assets/style.css", "/pages/login.html", "/../handler.go", "/account", "/missing"} {
		if res, body := ask(t, s, "GET", p); res.StatusCode != 404 || !strings.Contains(body, "Nothing is here") {
			t.Errorf("%s: %s", p, res.Status)
		}
	}
}

func TestOnlyReading(t *testing.T) {
	s := serve(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		res, _ := ask(t, s, method, "/login")
		if res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" || res.Header.Get("Content-Security-Policy") != policy {
			t.Errorf("%s: %s %v", method, res.Status, res.Header)
		}
	}
	head, body := ask(t, s, "HEAD", "/login")
	get, _ := ask(t, s, "GET", "/login")
	if head.StatusCode != 200 || body != "" || head.ContentLength != get.ContentLength || head.ContentLength <= 0 {
		t.Errorf("HEAD: %s, %d bytes said, %d sent", head.Status, head.ContentLength, len(body))
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	s := serve(t)
	for _, p := range append(slices.Clone(pages), "/nothing", links(t, s)[0]) {
		res, _ := ask(t, s, "GET", p)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := res.Header.Values(name); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %s is %q", p, name, got)
			}
		}
		if !strings.HasPrefix(res.Header.Get("Permissions-Policy"), "publickey-credentials-get=(self), publickey-credentials-create=(self), ") {
			t.Errorf("%s: %s", p, res.Header.Get("Permissions-Policy"))
		}
		if bad := holes(res.Header.Values("Content-Security-Policy")); len(bad) > 0 {
			t.Errorf("%s: %q", p, bad)
		}
	}
}

// holes returns what a content security policy lets through that it must not.
func holes(headers []string) []string {
	if len(headers) != 1 {
		return []string{"not one policy"}
	}
	want := map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "img-src": "'self'",
		"form-action": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'",
		"require-trusted-types-for": "'script'", "trusted-types": "'none'",
	}
	var bad []string
	for directive := range strings.SplitSeq(headers[0], ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
		if want[name] != value {
			bad = append(bad, directive)
		}
		delete(want, name)
	}
	for name := range want {
		bad = append(bad, "no "+name)
	}
	return bad
}

func TestHolesAreFound(t *testing.T) {
	for _, p := range []string{
		policy + "; object-src *",
		strings.Replace(policy, "script-src 'self'", "script-src 'self' 'unsafe-inline'", 1),
		strings.Replace(policy, "base-uri 'none'; ", "", 1),
		"",
	} {
		if len(holes([]string{p})) == 0 {
			t.Errorf("no hole found in %q", p)
		}
	}
}

// links returns what all pages load, each once.
func links(t *testing.T, s *httptest.Server) []string {
	t.Helper()
	var all []string
	for _, p := range pages {
		_, body := ask(t, s, "GET", p)
		for n := range nodes(t, body) {
			for _, a := range n.Attr {
				if (a.Key == "src" || a.Key == "href") && strings.HasPrefix(a.Val, assetsURL) && !slices.Contains(all, a.Val) {
					all = append(all, a.Val)
				}
			}
		}
	}
	return all
}

var imports = regexp.MustCompile(`(?m)^(?:import|export)\b[^;]*?from "([^"]*)";|^import "([^"]*)";|\bimport\(`)

// TestEveryAssetIsReached follows pages and modules: what they load is there,
// is kept for ever, and nothing is embedded that nobody loads.
func TestEveryAssetIsReached(t *testing.T) {
	s := serve(t)
	reached := map[string]bool{}
	for queue := links(t, s); len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if reached[p] {
			continue
		}
		reached[p] = true
		res, body := ask(t, s, "GET", p)
		if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || res.Header.Get("Content-Type") != types[path.Ext(p)] || types[path.Ext(p)] == "" {
			t.Errorf("%s: %s %s", p, res.Status, res.Header)
		}
		if path.Ext(p) == ".js" {
			for _, m := range imports.FindAllStringSubmatch(body, -1) {
				if !strings.HasPrefix(m[1], "./") {
					t.Errorf("%s imports %q", p, m[0])
					continue
				}
				queue = append(queue, path.Join(path.Dir(p), m[1]))
			}
		}
	}
	for name := range read("assets") {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(reached)), func(p string) bool { return path.Base(p) == name }) {
			t.Errorf("nothing loads %s", name)
		}
	}
	if len(reached) < 10 {
		t.Errorf("only %d assets found: the search is broken", len(reached))
	}
}

func TestCaching(t *testing.T) {
	s := serve(t)
	for _, p := range []string{"/login", links(t, s)[0]} {
		first, _ := ask(t, s, "GET", p)
		tag := first.Header.Get("ETag")
		again, body := ask(t, s, "GET", p, "If-None-Match", `"other", `+tag)
		if tag == "" || again.StatusCode != 304 || body != "" || again.Header.Get("ETag") != tag {
			t.Errorf("%s: %q, %s", p, tag, again.Status)
		}
		if other, _ := ask(t, s, "GET", p, "If-None-Match", `"other"`); other.StatusCode != 200 {
			t.Errorf("%s: %s for another tag", p, other.Status)
		}
	}
	if res, _ := ask(t, s, "GET", "/login"); res.Header.Get("Cache-Control") != "no-cache" {
		t.Error("a page would be kept")
	}
	files := read("assets")
	before := versionOf(files)
	files["style.css"] = append(slices.Clone(files["style.css"]), ' ')
	if versionOf(files) == before {
		t.Error("another content has the same version")
	}
}

func TestConfig(t *testing.T) {
	for _, u := range []string{"", "box.example", "ftp://box.example", "https://"} {
		if _, err := Handler(Config{PublicURL: u}); glovebox.KindOf(err) != glovebox.KindInvalid {
			t.Errorf("%q: %v", u, err)
		}
	}
	if !strings.Contains(string(newSite(`https://x"><script>`).missing.body), "&#34;&gt;&lt;script&gt;") {
		t.Error("the origin is not escaped")
	}
}

// nodes yields every element of a document.
func nodes(t *testing.T, document string) func(func(*html.Node) bool) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(*html.Node) bool) {
		for n := range root.Descendants() {
			if n.Type == html.ElementNode && !yield(n) {
				return
			}
		}
	}
}
