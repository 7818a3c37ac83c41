package images

import (
	"strings"
	"testing"

	"glovebox"
)

const hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestNormalize(t *testing.T) {
	for name, want := range map[string]string{
		"busybox":                                   "docker.io/library/busybox:latest",
		"busybox:bar":                               "docker.io/library/busybox:bar",
		"docker.io/busybox:bar":                     "docker.io/library/busybox:bar",
		"docker.io/library/busybox:bar":             "docker.io/library/busybox:bar",
		"index.docker.io/library/busybox:bar":       "docker.io/library/busybox:bar",
		"user/app":                                  "docker.io/user/app:latest",
		"localhost/app":                             "localhost/app:latest",
		"localhost:5000/a/b/c:v1":                   "localhost:5000/a/b/c:v1",
		"127.0.0.1:5000/app":                        "127.0.0.1:5000/app:latest",
		"registry.test/app:V1.0_x":                  "registry.test/app:V1.0_x",
		"[::1]:5000/app":                            "[::1]:5000/app:latest",
		"app@sha256:" + hex64:                       "docker.io/library/app@sha256:" + hex64,
		"app:tag@sha256:" + hex64:                   "docker.io/library/app@sha256:" + hex64,
		"sha256:" + hex64:                           "sha256:" + hex64,
		"a/" + strings.Repeat("b", 200) + ":" + "t": "docker.io/a/" + strings.Repeat("b", 200) + ":t",
	} {
		got, err := Normalize(name)
		if err != nil || got != want {
			t.Errorf("Normalize(%q) = %q, %v; want %q", name, got, err, want)
		}
		again, err := Normalize(got)
		if err != nil || again != got {
			t.Errorf("Normalize(%q) = %q, %v; want the same", got, again, err)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for _, name := range []string{
		"", " ", "Busybox", "busybox:", ":tag", "a//b", "../etc/passwd", "a/../b", "https://registry.test/app", "a b",
		"app@sha256:123", "app@md5:" + hex64, hex64, "app:" + strings.Repeat("t", 129), "a\x00b", "a\nb", "-app", "app-",
		"app@sha512:" + hex64 + hex64, "registry.test:99999999/x/", "user:pass@registry.test/app", strings.Repeat("a", 2000),
		"app@sha256:" + strings.ToUpper(hex64), "ä", "app:täg", "app?x=1", "app#x", "a\\b",
	} {
		got, err := Normalize(name)
		if err == nil {
			t.Errorf("Normalize(%q) = %q, want an error", name, got)
			continue
		}
		wantKind(t, err, glovebox.KindInvalid)
		if e := glovebox.AsError(err); e.Field != "containerImage" {
			t.Errorf("Normalize(%q): field %q", name, e.Field)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"busybox", "a/b:c", "localhost:5000/x@sha256:" + hex64, "sha256:" + hex64, "A", "a//b", "[::1]:1/a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := Normalize(name)
		if err != nil {
			if glovebox.KindOf(err) != glovebox.KindInvalid {
				t.Fatalf("kind of %v", err)
			}
			return
		}
		again, err := Normalize(got)
		if err != nil || again != got {
			t.Fatalf("%q becomes %q, and that %q, %v", name, got, again, err)
		}
		for segment := range strings.SplitSeq(got, "/") { // it becomes part of a URL
			if segment == "" || segment == "." || segment == ".." {
				t.Fatalf("%q becomes %q", name, got)
			}
		}
		if strings.ContainsAny(got, " \x00\n\\?#%") {
			t.Fatalf("%q becomes %q", name, got)
		}
	})
}
