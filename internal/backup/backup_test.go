package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"glovebox"
)

var about = About{Instance: "abcdefgh", Version: "v1", Schema: 3, Taken: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}

type named struct {
	Entry
	text string
}

// files are more than one manifest's, and one is larger than any buffer.
func files() (all []named) {
	add := func(name, text string, open bool) {
		all = append(all, named{Entry{name, int64(len(text)), open}, text})
	}
	add("tls/ca.key", "key", false)
	add("control/store.db", strings.Repeat("page ", 40_000), false)
	add("blobs/output/j1/1/stdout", "", true)
	for n := range 1500 {
		add(fmt.Sprintf("blobs/output/j%d/1/stdout", n+2), fmt.Sprint("text ", n), n%2 == 0)
	}
	add("blobs/sha256/"+strings.Repeat("a", 64)+"/"+strings.Repeat("x", 400), "long name", false)
	return all
}

func write(t testing.TB, to ...age.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, to, about)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files() {
		if err := w.Add(f.Entry, strings.NewReader(f.text+"more than it says")); err != nil {
			t.Fatal(err)
		}
	}
	total, err := w.Close()
	if err != nil || total.Files != len(files()) || total.Bytes < 200_000 {
		t.Fatalf("%+v, %v", total, err)
	}
	return out.Bytes()
}

// readAll reads an archive to its end, or to its first error.
func readAll(data []byte, keys ...age.Identity) (found []named, err error) {
	r, err := NewReader(bytes.NewReader(data), keys)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return found, err
		}
		found = append(found, named{e, string(text)})
	}
}

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestRoundTrip: everything comes back, in order, and is hidden if it should be.
func TestRoundTrip(t *testing.T) {
	a, b := identity(t), identity(t)
	for name, data := range map[string][]byte{"plain": write(t), "sealed": write(t, a.Recipient(), b.Recipient())} {
		for _, key := range []age.Identity{a, b} {
			found, err := readAll(data, key)
			if err != nil || len(found) != len(files()) {
				t.Fatalf("%s: %d files, %v", name, len(found), err)
			}
			for i, want := range files() {
				if found[i] != want {
					t.Fatalf("%s: %+v, want %+v", name, found[i].Entry, want.Entry)
				}
			}
		}
		r, err := NewReader(bytes.NewReader(data), []age.Identity{a})
		if err != nil {
			t.Fatal(err)
		}
		want := about
		want.Format = Format
		if got := r.About(); got != want {
			t.Errorf("%s: about %+v", name, got)
		}
		r.Close()
	}
}

// TestWrongKey: what is missing is said.
func TestWrongKey(t *testing.T) {
	data := write(t, identity(t).Recipient())
	for word, keys := range map[string][]age.Identity{"is encrypted": nil, "another key": {identity(t)}} {
		_, err := readAll(data, keys...)
		if e := glovebox.AsError(err); e.Kind != glovebox.KindDenied || !strings.Contains(e.Message, word) || e.Hint == "" {
			t.Errorf("%s: %v", word, err)
		}
	}
	phrase, err := age.NewScryptRecipient("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	phrase.SetWorkFactor(10)
	other, err := age.NewScryptIdentity("wrong horse")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(write(t, phrase), other); glovebox.KindOf(err) != glovebox.KindDenied {
		t.Errorf("wrong passphrase: %v", err)
	}
}

// TestDamage: wherever a byte is changed, cut off or added, the archive is refused
// and nothing that was read is more than a beginning of what was written.
func TestDamage(t *testing.T) {
	key := identity(t)
	for name, data := range map[string][]byte{"plain": write(t), "sealed": write(t, key.Recipient())} {
		whole, err := readAll(data, key)
		if err != nil {
			t.Fatal(err)
		}
		try := func(how string, data []byte) {
			t.Helper()
			found, err := readAll(data, key)
			if kind := glovebox.KindOf(err); kind != glovebox.KindInvalid && kind != glovebox.KindDenied || glovebox.AsError(err).Hint == "" {
				t.Errorf("%s %s: %v after %d files", name, how, err, len(found))
			}
			if len(found) > len(whole) {
				t.Errorf("%s %s: %d files", name, how, len(found))
			}
		}
		step := len(data)/40 + 1
		for at := 0; at < len(data); at += step {
			changed := bytes.Clone(data)
			changed[at] ^= 0x10
			try(fmt.Sprint("changed at ", at), changed)
			try(fmt.Sprint("cut at ", at), data[:at])
		}
		for _, cut := range []int{1, 2, 16, 100} {
			try(fmt.Sprint("without the last ", cut), data[:len(data)-cut])
		}
		try("with more", append(bytes.Clone(data), "more"...))
	}
}

// TestOther: what is no backup, or of a format to come, is refused.
func TestOther(t *testing.T) {
	for name, data := range map[string]string{
		"nothing": "", "text": "this is no backup", "header": "age-encryption.org/v1\n", "zstd": "\x28\xb5\x2f\xfd\x00",
	} {
		if _, err := readAll([]byte(data), identity(t)); glovebox.KindOf(err) != glovebox.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parseAbout([]byte(`{"format":2,"version":"v9"}`)); glovebox.KindOf(err) != glovebox.KindUnavailable || !strings.Contains(glovebox.AsError(err).Hint, "v9") {
		t.Errorf("a format to come: %v", err)
	}
}

// TestNames: only places that a backup has.
func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"control/store.db": true, "tls/ca.key": true, "blobs/a/b": true, "blobs/../x": false, "control/../x": false,
		"control/a/b": false, "control/.x": false, "control/": false, "/etc/passwd": false, "agent/x": false, "about.json": false,
		"tls/..": false, "blobs/": false, "control/a\x00b": false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	w, err := NewWriter(io.Discard, nil, about)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.Add(Entry{Name: "../x"}, strings.NewReader("")); err == nil {
		t.Error("a name out of the archive was written")
	}
	if err := w.Add(Entry{Name: "blobs/short", Size: 3}, strings.NewReader("ab")); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Errorf("a file that has become shorter: %v", err)
	}
}
