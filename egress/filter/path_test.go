package filter_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"glovebox/egress/filter"
)

func TestCleanPath(t *testing.T) {
	for in, want := range map[string]string{
		"/": "/", "/a/b": "/a/b", "/a/": "/a/", "/a%20b": "/a b", "/%61": "/a", "/a;v=1/b": "/a;v=1/b", "/...": "/...", "/a..b": "/a..b",
		"/bl%C3%A5": "/blå", "/.well-known/x": "/.well-known/x", "/~me": "/~me", "/a+b": "/a+b",
	} {
		if got, ok := filter.CleanPath(in); !ok || got != want {
			t.Errorf("%s is %q, %v", in, got, ok)
		}
	}
	for _, in := range []string{
		"", "a", "*", "//", "//a", "/a//b", "/a//", "/./a", "/a/.", "/a/..", "/../a", "/a/%2e%2e/b", "/a/%2E%2e", "/a/.%2e/b", "/a%2fb", "/a%2Fb",
		"/a\\b", "/a%5cb", "/a%5C..%5Cb", "/%2561", "/a/%252e%252e/b", "/a/..;x/b", "/a/;/b", "/a/.;/b", "/a/;x", "/a%00", "/a%0a", "/a%0d%0ab", "/a%7f",
		"/%c0%ae%c0%ae/a", "/%ff", "/%", "/%4", "/%zz", "/a#b", "/a?b", "/a/ ../b", "/a/..%20/b", "/a/%20/b", "/%C2%85", "/a/..%00/b",
	} {
		if got, ok := filter.CleanPath(in); ok {
			t.Errorf("%q has one meaning: %q", in, got)
		}
	}
	for pattern, paths := range map[string]map[string]bool{
		"/v1/*": {"/v1/": true, "/v1/a": true, "/v1": false, "/v10": false, "": false},
		"/a":    {"/a": true, "/a/": false, "/A": false, "": false},
		"*":     {"/a": true, "": false},
	} {
		for p, want := range paths {
			if filter.PathFits(pattern, p) != want {
				t.Errorf("%q for %q is not %v", p, pattern, want)
			}
		}
	}
}

// FuzzCleanPath: what has one meaning is not changed by reading it again in any
// of the ways that servers do.
func FuzzCleanPath(f *testing.F) {
	for _, s := range []string{"/;", "/", "/a/b", "/a/%2e%2e/b", "/a//b", "/%252e", "/a;x/b", "/..%2f", "/a\\..\\b", "/%c0%ae"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		clean, ok := filter.CleanPath(in)
		if !ok {
			if clean != "" {
				t.Fatalf("%q is refused and is %q", in, clean)
			}
			return
		}
		if again := path.Clean(clean); again != clean && again+"/" != clean {
			t.Fatalf("%q is %q, which some take for %q", in, clean, again)
		}
		if twice, err := url.PathUnescape(clean); err == nil && twice != clean {
			t.Fatalf("%q is %q, which some take for %q", in, clean, twice)
		}
		if u, err := url.ParseRequestURI(in); err != nil || u.Path != clean || u.RawQuery != "" {
			t.Fatalf("%q is %q, and not that to net/url: %v %v", in, clean, u, err)
		}
		for _, bad := range []string{"..;", "\\", "/./", "/../", "//", "\x00"} {
			if strings.Contains(clean, bad) && bad != "..;" || strings.Contains(clean, "/..;") {
				t.Fatalf("%q is %q", in, clean)
			}
		}
	})
}
