package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/secret"
	"glovebox/store/memory"
)

var (
	admin = glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}
	at    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

func keys(t *testing.T) (*secret.Keys, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret.keys")
	k, err := secret.OpenKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	return k, path
}

func open(t *testing.T, store glovebox.Records) *secret.Registry {
	t.Helper()
	k, _ := keys(t)
	return secret.Open(store, k, func() time.Time { return at })
}

func wantKind(t *testing.T, err error, kind glovebox.Kind, field string) {
	t.Helper()
	if e := glovebox.AsError(err); err == nil || e.Kind != kind || e.Field != field {
		t.Errorf("got %v on %q, want %s on %q", err, e.Field, kind, field)
	}
}

func value(s string) glovebox.SecretValue { return glovebox.NewSecretValue([]byte(s)) }

func reveal(t *testing.T, r *secret.Registry, tenant, name string) string {
	t.Helper()
	v, err := r.Value(t.Context(), tenant, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(v.Reveal())
}

// TestLife: a secret is set, replaced from the version that was seen, and
// removed; its value comes out for orders, and the log tells of all but it.
func TestLife(t *testing.T) {
	store := memory.New()
	r, ctx := open(t, store), t.Context()
	made, err := r.Put(ctx, admin, "KEY", []string{"B.example.com", "a.example.com"}, value("one\x00\xff"), 0)
	want := glovebox.Secret{Name: "KEY", Tenant: "local", Version: 1, Domains: []string{"a.example.com", "b.example.com"}, Created: at, Updated: at, By: "uid:0"}
	if err != nil || !reflect.DeepEqual(made, want) {
		t.Fatalf("%+v, %v", made, err)
	}
	if got := reveal(t, r, "local", "KEY"); got != "one\x00\xff" {
		t.Errorf("%q", got)
	}
	_, err = r.Put(ctx, admin, "KEY", nil, value("two"), 0)
	wantKind(t, err, glovebox.KindStale, "version")
	if next, err := r.Put(ctx, admin, "KEY", nil, value("two"), 1); err != nil || next.Version != 2 || next.Domains != nil {
		t.Errorf("%+v, %v", next, err)
	}
	if got := reveal(t, r, "local", "KEY"); got != "two" {
		t.Errorf("%q", got)
	}
	if all, err := r.List(ctx, "local"); err != nil || len(all) != 1 || all[0].Version != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	wantKind(t, r.Remove(ctx, admin, "KEY", 1), glovebox.KindStale, "version")
	if err := r.Remove(ctx, admin, "KEY", 2); err != nil {
		t.Error(err)
	}
	wantKind(t, r.Remove(ctx, admin, "KEY", 0), glovebox.KindNotFound, "")
	events, err := store.AuditEvents(ctx, glovebox.AuditFilter{Tenant: "local"})
	if err != nil || len(events) != 3 {
		t.Fatalf("%+v, %v", events, err)
	}
	for i, action := range []string{"secret.set", "secret.set", "secret.remove"} {
		if e := events[i]; e.Action != action || e.Target != "KEY" || e.Actor != "uid:0" || !e.OK {
			t.Errorf("%+v", e)
		}
	}
	if d := events[0].Detail; len(d) != 2 || d["version"] != "1" || d["domains"] != "a.example.com b.example.com" {
		t.Errorf("%v", d)
	}
}

// TestForeign: to another tenant a secret is as one that nobody has set.
func TestForeign(t *testing.T) {
	store := memory.New()
	r, ctx := open(t, store), t.Context()
	if _, err := r.Put(ctx, admin, "KEY", nil, value("x"), 0); err != nil {
		t.Fatal(err)
	}
	other := admin
	other.Tenant = "other"
	_, err := r.Get(ctx, "other", "KEY")
	_, none := r.Get(ctx, "other", "NONE")
	wantKind(t, err, glovebox.KindNotFound, "")
	if err.Error() != none.Error() {
		t.Errorf("%v, and of nobody's %v", err, none)
	}
	_, err = r.Value(ctx, "other", "KEY")
	wantKind(t, err, glovebox.KindNotFound, "")
	wantKind(t, r.Remove(ctx, other, "KEY", 0), glovebox.KindNotFound, "")
	if all, err := r.List(ctx, "other"); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := r.List(ctx, "loca"); err != nil || len(all) != 0 { // a part of another's id
		t.Errorf("%v, %v", all, err)
	}
	wantKind(t, r.Check(ctx, "other", []glovebox.SecretUse{{Name: "KEY", File: true}}), glovebox.KindInvalid, "policy.secrets[0].name")
	for _, name := range []string{"", "../local/KEY", "a/b", "a.b", strings.Repeat("a", 64)} {
		_, err := r.Get(ctx, "local", name)
		wantKind(t, err, glovebox.KindNotFound, "")
	}
}

// TestSealed: what is stored has nothing of the value, and with what is not
// sealed changed, or moved to another tenant, it is not opened.
func TestSealed(t *testing.T) {
	store := memory.New()
	r, ctx := open(t, store), t.Context()
	const canary = "canary-5f2a91c3"
	if _, err := r.Put(ctx, admin, "KEY", []string{"api.example.com"}, value(canary), 0); err != nil {
		t.Fatal(err)
	}
	doc, err := store.Record(ctx, "secret", "local/KEY")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(doc.Value, &fields); err != nil {
		t.Fatal(err)
	}
	var sealed struct{ Sealed []byte }
	if err := json.Unmarshal(doc.Value, &sealed); err != nil || len(sealed.Sealed) < len(canary) {
		t.Fatalf("%v, %v", sealed, err)
	}
	if n := bytes.Count(doc.Value, []byte(canary)) + bytes.Count(sealed.Sealed, []byte(canary)); n != 0 {
		t.Errorf("the value is stored %d times", n)
	}
	if !bytes.Contains(doc.Value, []byte("api.example.com")) { // the control: that the search finds what is there
		t.Errorf("%s", doc.Value)
	}
	write := func(key string, change func(map[string]any)) {
		t.Helper()
		copied := map[string]any{}
		for k, v := range fields {
			copied[k] = v
		}
		change(copied)
		b, err := json.Marshal(copied)
		if err == nil {
			err = store.Commit(ctx, []glovebox.Write{{Kind: "secret", Key: key, Value: b, If: glovebox.IfAny}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		tenant, secret string
		change         func(map[string]any)
	}{
		"domains":       {"local", "KEY", func(m map[string]any) { m["domains"] = []string{"evil.example.com"} }},
		"no domains":    {"local", "KEY", func(m map[string]any) { delete(m, "domains") }},
		"version":       {"local", "KEY", func(m map[string]any) { m["version"] = 7 }},
		"its tenant":    {"other", "KEY", func(m map[string]any) { m["tenant"] = "other" }},
		"its name":      {"local", "OTHER", func(m map[string]any) { m["name"] = "OTHER" }},
		"the key's row": {"other", "KEY", func(map[string]any) {}},
		"sealed":        {"local", "KEY", func(m map[string]any) { m["sealed"] = "AAAA" }},
		"nothing":       {"local", "KEY", func(m map[string]any) { delete(m, "sealed") }},
	} {
		write(c.tenant+"/"+c.secret, c.change)
		if _, err := r.Value(ctx, c.tenant, c.secret); glovebox.KindOf(err) != glovebox.KindUnavailable {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error tells the value", name)
		}
	}
	write("local/KEY", func(map[string]any) {}) // the control
	if got := reveal(t, r, "local", "KEY"); got != canary {
		t.Errorf("%q", got)
	}
}

// TestCheck: a job may use what its tenant has, for the domains it is bound to.
func TestCheck(t *testing.T) {
	store := memory.New()
	r, ctx := open(t, store), t.Context()
	for name, domains := range map[string][]string{"FREE": nil, "BOUND": {"api.example.com"}} {
		if _, err := r.Put(ctx, admin, name, domains, value(name+" value"), 0); err != nil {
			t.Fatal(err)
		}
	}
	header := func(name, domain string) glovebox.SecretUse {
		return glovebox.SecretUse{Name: name, Domain: domain, Header: "Authorization"}
	}
	file := func(name string) glovebox.SecretUse { return glovebox.SecretUse{Name: name, File: true} }
	good := []glovebox.SecretUse{file("FREE"), header("FREE", "any.example.org"), header("BOUND", "api.example.com")}
	if err := r.Check(ctx, "local", good); err != nil {
		t.Error(err)
	}
	given, err := r.Give(ctx, "local", good)
	if err != nil || len(given) != 3 || string(given[2].Value.Reveal()) != "BOUND value" {
		t.Fatalf("%v, %v", given, err)
	}
	if files := secret.Files(given); len(files) != 1 || files[0].Path != "/run/secrets/FREE" || string(files[0].Data.Reveal()) != "FREE value" || glovebox.CheckFiles(files) != nil {
		t.Errorf("%+v", files)
	}
	for name, c := range map[string]struct {
		use   glovebox.SecretUse
		kind  glovebox.Kind
		field string
	}{
		"none":           {file("NONE"), glovebox.KindInvalid, "policy.secrets[1].name"},
		"no name":        {file("../KEY"), glovebox.KindInvalid, "policy.secrets[1].name"},
		"another domain": {header("BOUND", "www.example.com"), glovebox.KindDenied, "policy.secrets[1].domain"},
		"below it":       {header("BOUND", "x.api.example.com"), glovebox.KindDenied, "policy.secrets[1].domain"},
		"as a file":      {file("BOUND"), glovebox.KindDenied, "policy.secrets[1].domain"},
		"both":           {glovebox.SecretUse{Name: "BOUND", File: true, Domain: "api.example.com"}, glovebox.KindDenied, "policy.secrets[1].domain"},
	} {
		t.Run(name, func(t *testing.T) {
			uses := []glovebox.SecretUse{file("FREE"), c.use}
			wantKind(t, r.Check(ctx, "local", uses), c.kind, c.field)
			_, err := r.Give(ctx, "local", uses)
			wantKind(t, err, c.kind, c.field)
		})
	}
}

// TestRotate: after it all is sealed with a new key, and what was sealed before,
// such as in a backup, is still readable; a new process reads both.
func TestRotate(t *testing.T) {
	store := memory.New()
	k, path := keys(t)
	r, ctx := secret.Open(store, k, nil), t.Context()
	const n = 250 // more than a page
	for i := range n {
		actor := admin
		actor.Tenant = "t" + string(rune('0'+i%3))
		if _, err := r.Put(ctx, actor, "K"+string(rune('a'+i/26%26))+string(rune('a'+i%26)), nil, value("v"), 0); err != nil {
			t.Fatal(err)
		}
	}
	backup, err := store.Record(ctx, "secret", "t0/Kaa")
	if err != nil {
		t.Fatal(err)
	}
	old := k.Key()
	key, done, err := r.Rotate(ctx, admin)
	if err != nil || done != n || key == old || key != k.Key() {
		t.Fatalf("%d with %s, %v", done, key, err)
	}
	if again, err := r.Reseal(ctx); err != nil || again != 0 {
		t.Errorf("%d, %v", again, err)
	}
	docs, err := store.ListRecords(ctx, "secret", "", "", 1000)
	if err != nil || len(docs) != n {
		t.Fatal(len(docs), err)
	}
	for _, d := range docs {
		if !bytes.Contains(d.Value, []byte(key)) || bytes.Contains(d.Value, []byte(old)) {
			t.Fatalf("%s", d.Value)
		}
	}
	if s, err := r.Get(ctx, "t0", "Kaa"); err != nil || s.Version != 1 {
		t.Errorf("sealing anew is no change: %+v, %v", s, err)
	}
	k2, err := secret.OpenKeys(path)
	if err != nil || k2.Key() != key {
		t.Fatal(err)
	}
	r2 := secret.Open(store, k2, nil)
	if got := reveal(t, r2, "t0", "Kaa"); got != "v" {
		t.Errorf("%q", got)
	}
	if err := store.Commit(ctx, []glovebox.Write{{Kind: "secret", Key: backup.Key, Value: backup.Value, If: glovebox.IfAny}}); err != nil {
		t.Fatal(err)
	}
	if got := reveal(t, r2, "t0", "Kaa"); got != "v" {
		t.Errorf("from the backup: %q", got)
	}
	stranger, _ := keys(t)
	_, err = secret.Open(store, stranger, nil).Value(ctx, "t0", "Kaa")
	wantKind(t, err, glovebox.KindUnavailable, "")
	events, err := store.AuditEvents(ctx, glovebox.AuditFilter{Tenant: "local", Action: "secret.rotate"})
	if err != nil || len(events) != 1 || events[0].Target != key || events[0].Detail["resealed"] != "250" {
		t.Errorf("%+v, %v", events, err)
	}
}

// TestOneWins: of many who set the same version, one does, also while all is
// sealed anew.
func TestOneWins(t *testing.T) {
	store := memory.New()
	r := open(t, store)
	if _, err := r.Put(t.Context(), admin, "KEY", nil, value("x"), 0); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	won := make(chan int64, 16)
	for range 16 {
		wg.Go(func() {
			s, err := r.Put(t.Context(), admin, "KEY", nil, value("y"), 1)
			if err == nil {
				won <- s.Version
			} else if glovebox.KindOf(err) != glovebox.KindStale {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 || <-won != 2 {
		t.Errorf("%d more won", len(won))
	}
}

// TestKeysFile: the file is for its owner alone, survives, and what is wrong
// with it is said without a word of what is in it.
func TestKeysFile(t *testing.T) {
	k, path := keys(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	if again, err := secret.OpenKeys(path); err != nil || again.Key() != k.Key() {
		t.Errorf("%v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	for _, c := range []struct {
		name  string
		spoil func() error
	}{
		{"readable by others", func() error { return os.Chmod(path, 0o640) }},
		{"cut", func() error { return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, text[:len(text)-9], 0o600)) }},
		{"empty", func() error { return os.WriteFile(path, nil, 0o600) }},
		{"a folder", func() error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }},
	} {
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		_, err := secret.OpenKeys(path)
		wantKind(t, err, glovebox.KindUnavailable, "keys")
		if err != nil && strings.Contains(err.Error(), "AGE-SECRET") {
			t.Errorf("%s: the error tells the key: %v", c.name, err)
		}
	}
}
