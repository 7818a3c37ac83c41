package console

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// faults returns what a page must not have: code or style of its own, things
// from elsewhere, controls without a name, ids that are there twice.
func faults(t *testing.T, document string) []string {
	t.Helper()
	var bad []string
	ids, labelled := map[string]bool{}, map[string]bool{}
	var inputs []string
	language, title := "", false
	for n := range nodes(t, document) {
		switch n.Data {
		case "html":
			language = attribute(n, "lang")
		case "title":
			title = true
		case "script":
			if n.FirstChild != nil || attribute(n, "src") == "" {
				bad = append(bad, "a script inside")
			}
		case "style", "iframe", "object", "embed", "base", "meta":
			if n.Data != "meta" || attribute(n, "http-equiv") != "" {
				bad = append(bad, "<"+n.Data+">")
			}
		case "img":
			if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
				bad = append(bad, "an image without alt")
			}
		case "label":
			labelled[attribute(n, "for")] = true
		case "input", "select", "textarea":
			inputs = append(inputs, attribute(n, "id"))
		case "button":
			if attribute(n, "type") == "" {
				bad = append(bad, "a button without type")
			}
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "action", a.Key == "formaction":
				bad = append(bad, "the attribute "+a.Key)
			case a.Key == "id" && ids[a.Val]:
				bad = append(bad, "the id "+a.Val+" twice")
			case a.Key == "id":
				ids[a.Val] = true
			case (a.Key == "src" || a.Key == "href") && (!strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//")):
				bad = append(bad, a.Key+"="+a.Val)
			}
		}
	}
	for _, id := range inputs {
		if !labelled[id] {
			bad = append(bad, fmt.Sprintf("the input %q without a label", id))
		}
	}
	if language == "" || !title {
		bad = append(bad, "no language or no title")
	}
	return bad
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func TestMarkup(t *testing.T) {
	for name, body := range read("pages") {
		for _, bad := range faults(t, string(body)) {
			t.Errorf("%s: %s", name, bad)
		}
		if name != "missing.html" && !strings.Contains(string(body), `id="notice" role="alert"`) {
			t.Errorf("%s has no place for errors", name)
		}
	}
}

func TestMarkupFaultsAreFound(t *testing.T) {
	const frame = `<!doctype html><html lang="en"><title>x</title><body>%s`
	if bad := faults(t, fmt.Sprintf(frame, `<p id="a">fine</p>`)); len(bad) > 0 {
		t.Fatal(bad)
	}
	for _, planted := range []string{
		`<script>1</script>`, `<script src="https://elsewhere.example/x.js"></script>`, `<p onclick="x()">`, `<p style="color:red">`,
		`<style>p{}</style>`, `<a href="javascript:x()">`, `<a href="//elsewhere.example">`, `<iframe></iframe>`, `<form action="/x">`,
		`<input id="q">`, `<button>x</button>`, `<p id="a"></p><p id="a"></p>`, `<img src="/x.svg">`, `<base href="/x">`,
	} {
		if len(faults(t, fmt.Sprintf(frame, planted))) == 0 {
			t.Errorf("nothing found in %s", planted)
		}
	}
}

// sinks are ways in which text becomes markup or code, or leaves the origin.
var sinks = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setHTML|DOMParser|createContextualFragment|srcdoc|javascript:|https?://|localStorage|sessionStorage|document\.cookie|\.style\b`)

func TestScriptsHaveNoSinks(t *testing.T) {
	for name, body := range read("assets") {
		if strings.HasSuffix(name, ".js") {
			if found := sinks.FindString(string(body)); found != "" {
				t.Errorf("%s: %s", name, found)
			}
		}
		if strings.HasSuffix(name, ".css") && regexp.MustCompile(`url\(|@import`).Match(body) {
			t.Errorf("%s loads something", name)
		}
	}
	for _, planted := range []string{"e.innerHTML = x", "eval(x)", "fetch('https://elsewhere.example')"} {
		if !sinks.MatchString(planted) {
			t.Errorf("nothing found in %s", planted)
		}
	}
}
