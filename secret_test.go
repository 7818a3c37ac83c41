package glovebox_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"glovebox"
)

// TestSecretValueDoesNotPrint: not by any verb, alone or as a part of something
// else, exported or not, nor in logs and JSON. The control prints.
func TestSecretValueDoesNotPrint(t *testing.T) {
	const canary = "canary-5f2a91c3"
	v := glovebox.NewSecretValue([]byte(canary))
	type holder struct {
		hidden glovebox.SecretValue
		Shown  glovebox.SecretValue
		Many   []glovebox.SecretValue
		File   glovebox.File
	}
	h := holder{v, v, []glovebox.SecretValue{v}, glovebox.File{Path: "/run/secrets/a", Data: v}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
		for _, what := range []any{v, &v, h, &h, map[string]any{"a": v}, error(glovebox.Errorf(glovebox.KindInvalid, "%v", v))} {
			fmt.Fprintf(&out, verb+"\n", what)
		}
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "a", v, "b", h, "c", &h)
	}
	b, err := json.Marshal(h)
	if err != nil || !strings.Contains(string(b), glovebox.Redacted) {
		t.Errorf("%s, %v", b, err)
	}
	out.Write(b)
	_ = gob.NewEncoder(&out).Encode(h.Shown)
	forms := []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprint([]byte(canary)), "Y2FuYXJ5LTVm"}
	for _, form := range forms {
		if strings.Contains(out.String(), form) {
			t.Errorf("%q is in the output", form)
		}
	}
	for i, verb := range []string{"%s", "%x", "%X", "%v"} { // the control: that bytes would have shown
		if !strings.Contains(fmt.Sprintf(verb, struct{ B []byte }{v.Reveal()}), forms[i]) {
			t.Errorf("%s does not show", verb)
		}
	}
	if string(v.Reveal()) != canary || v.Len() != len(canary) || (glovebox.SecretValue{}).Len() != 0 {
		t.Error("the value is not what it was made of")
	}
	var back glovebox.SecretValue
	if json.Unmarshal([]byte(`"`+glovebox.Redacted+`"`), &back) == nil {
		t.Error("what was redacted is taken for a value")
	}
}

// TestCheckFiles: what a sandbox cannot have is refused.
func TestCheckFiles(t *testing.T) {
	file := func(path string) glovebox.File { return glovebox.File{Path: path, Mode: 0o400} }
	good := []glovebox.File{file("/run/secrets/a"), file("/run/secrets/B_c"), file("/etc/resolv.conf"), file("/run/glovebox/ca.pem")}
	if err := glovebox.CheckFiles(good); err != nil {
		t.Error(err)
	}
	var many []glovebox.File
	for i := range glovebox.MaxFiles + 1 {
		many = append(many, file(fmt.Sprintf("/run/secrets/%d", i)))
	}
	large := glovebox.NewSecretValue(make([]byte, glovebox.MaxFileBytes/2+1))
	for name, bad := range map[string][]glovebox.File{
		"relative": {file("a")}, "empty": {file("")}, "root": {file("/")}, "not clean": {file("/a/../b")}, "a folder's": {file("/a/")},
		"NUL": {file("/a\x00")}, "the mount": {file("/run/secrets")}, "deep": {file("/run/secrets/a/b")}, "deeper": {file("/run/secrets/a/b/c")},
		"proc": {file("/proc/self")}, "sys": {file("/sys")}, "dev": {file("/dev/shm/a")}, "tmp": {file("/tmp/a")},
		"setuid": {{Path: "/a", Mode: 0o4755}}, "twice": {file("/a"), file("/a")}, "under a file": {file("/a"), file("/a/b")},
		"many": many, "large": {{Path: "/a", Data: large}, {Path: "/b", Data: large}},
	} {
		if e := glovebox.AsError(glovebox.CheckFiles(bad)); e == nil || e.Kind != glovebox.KindInvalid || e.Field != "files" {
			t.Errorf("%s: %v", name, e)
		}
	}
}
