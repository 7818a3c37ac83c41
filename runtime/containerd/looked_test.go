package containerd

import (
	"fmt"
	"strings"
	"testing"

	"glovebox"
	"glovebox/runtime/containerd/internal/imageroot"
)

// TestLookedFor: jobs share what was found only if they ask for the same of the
// same content.
func TestLookedFor(t *testing.T) {
	job := func(change func(*glovebox.SandboxSpec)) glovebox.SandboxSpec {
		s := glovebox.SandboxSpec{Image: glovebox.Image{Name: "a", Digest: "sha256:aa"}, Args: []string{"sh", "-c"}, Workdir: "/srv", Env: []string{"PATH=/bin", "X=1"}}
		if change != nil {
			change(&s)
		}
		return s
	}
	first, ok := lookedFor(job(nil), "app")
	if !ok {
		t.Fatal("it is not remembered")
	}
	for name, c := range map[string]struct {
		change func(*glovebox.SandboxSpec)
		same   bool
	}{
		"arguments":    {func(s *glovebox.SandboxSpec) { s.Args = []string{"sh", "other"} }, true},
		"another name": {func(s *glovebox.SandboxSpec) { s.Image.Name = "b" }, true},
		"environment":  {func(s *glovebox.SandboxSpec) { s.Env = []string{"PATH=/bin"} }, true},
		"content":      {func(s *glovebox.SandboxSpec) { s.Image.Digest = "sha256:bb" }, false},
		"command":      {func(s *glovebox.SandboxSpec) { s.Args = []string{"bash"} }, false},
		"folder":       {func(s *glovebox.SandboxSpec) { s.Workdir = "/" }, false},
		"PATH":         {func(s *glovebox.SandboxSpec) { s.Env = append(s.Env, "PATH=/sbin") }, false},
	} {
		if k, ok := lookedFor(job(c.change), "app"); !ok || (k == first) != c.same {
			t.Errorf("another %s: %+v, %v", name, k, ok)
		}
	}
	if k, _ := lookedFor(job(nil), "root"); k == first {
		t.Error("another user")
	}
	for name, change := range map[string]func(*glovebox.SandboxSpec){
		"long":     func(s *glovebox.SandboxSpec) { s.Args[0] = strings.Repeat("x", maxLookFor) },
		"snapshot": func(s *glovebox.SandboxSpec) { s.Snapshot = "snp_x" },
		"nothing":  func(s *glovebox.SandboxSpec) { s.Args = nil },
	} {
		if _, ok := lookedFor(job(change), "app"); ok {
			t.Errorf("%s: it is remembered", name)
		}
	}
}

// TestLooked: what is handed out can be changed without harm, and what is kept
// has a bound.
func TestLooked(t *testing.T) {
	var l looked
	key := lookFor{digest: "sha256:aa", command: "sh"}
	if _, ok := l.find(key); ok {
		t.Fatal("found in nothing")
	}
	l.keep(key, found{imageroot.User{UID: 7, Groups: []uint32{1, 2}}, "/srv", "/bin/sh"})
	f, ok := l.find(key)
	if !ok || f.user.UID != 7 || f.workdir != "/srv" || f.program != "/bin/sh" {
		t.Fatalf("%+v, %v", f, ok)
	}
	f.user.Groups[0] = 99
	if again, _ := l.find(key); again.user.Groups[0] != 1 {
		t.Error("what one job was given changed another's")
	}
	for i := range 3 * maxLooked {
		l.keep(lookFor{command: fmt.Sprint(i)}, found{})
		if len(l.known) > maxLooked {
			t.Fatalf("%d are kept", len(l.known))
		}
	}
}
