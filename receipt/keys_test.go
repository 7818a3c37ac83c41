package receipt_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glovebox"
	"glovebox/receipt"
)

// TestKeysStay: the key is made once, is its owner's alone, and is the same
// after a restart.
func TestKeysStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receipt.keys")
	first := keysAt(t, path).Public()
	if st, err := os.Stat(path); err != nil || st.Mode() != 0o600 {
		t.Errorf("%v %v", st, err)
	}
	if again := keysAt(t, path).Public(); len(first) != 1 || len(again) != 1 || again[0].ID != first[0].ID {
		t.Errorf("%v, then %v", first, again)
	}
}

// TestRotate: a new key signs, old receipts stay good, and the private half of
// the old key is nowhere.
func TestRotate(t *testing.T) {
	i := issuer(t, wrote())
	path := filepath.Join(t.TempDir(), "keys")
	i.Keys = keysAt(t, path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := issued(t, i, over())
	k, err := i.Keys.Renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fresh := issued(t, i, over())
	all := i.Keys.Public()
	if len(all) != 2 || all[1].ID != k.ID || bytes.Equal(old, fresh) {
		t.Errorf("%v", all)
	}
	for _, text := range [][]byte{old, fresh} {
		if _, err := receipt.Verify(text, all); err != nil {
			t.Error(err)
		}
	}
	refused(t, fresh, all[:1], glovebox.KindUnauthorized, "signatures.keyid")
	again := keysAt(t, path)
	if text := issued(t, &receipt.Issuer{Keys: again, Blobs: i.Blobs, Source: wrote()}, over()); !bytes.Equal(text, fresh) || len(again.Public()) != 2 {
		t.Error("it is another key after a restart")
	}
	b, _ := pem.Decode(before[bytes.Index(before, []byte("-----")):])
	private, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), "PRIVATE KEY-----") != 2 {
		t.Errorf("%s %v", text, err)
	}
	for rest := text; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if bytes.Contains(b.Bytes, private.(ed25519.PrivateKey).Seed()) {
			t.Error("the old private key is still there")
		}
	}
}

// TestDamagedKeys: a file that is not whole, or that others may read, is not
// used, nor replaced.
func TestDamagedKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	keys := keysAt(t, path)
	if _, err := keys.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.SplitAfter(string(whole), "-----END PUBLIC KEY-----\n")
	for name, text := range map[string]string{
		"empty": "", "cut": string(whole[:len(whole)-20]), "junk": string(whole) + "junk\n", "no private key": blocks[0],
		"only comments": "# nothing\n", "two private keys": blocks[1] + string(whole), "other order": blocks[1] + blocks[0],
		"no key in it": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		t.Run(name, func(t *testing.T) {
			bad := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := receipt.OpenKeys(bad); glovebox.KindOf(err) != glovebox.KindUnavailable || glovebox.AsError(err).Hint == "" {
				t.Errorf("%v", err)
			}
			if now, err := os.ReadFile(bad); err != nil || string(now) != text {
				t.Errorf("it was changed: %s %v", now, err)
			}
		})
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.OpenKeys(path); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Errorf("others may read it: %v", err)
	}
}

// TestParseKeys: what MarshalKeys writes is read, and nothing else.
func TestParseKeys(t *testing.T) {
	keys := keysAt(t, filepath.Join(t.TempDir(), "keys"))
	if _, err := keys.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := receipt.MarshalKeys(keys.Public())
	all, err := receipt.ParseKeys(text)
	if err != nil || len(all) != 2 || all[0].ID != keys.Public()[0].ID || !all[1].Public.Equal(keys.Public()[1].Public) {
		t.Errorf("%v %v", all, err)
	}
	for _, bad := range []string{"", "x", string(text) + "x", string(text[:len(text)-9]), "# x\n"} {
		if _, err := receipt.ParseKeys([]byte(bad)); glovebox.KindOf(err) != glovebox.KindMalformed {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestThumbprint is the example of RFC 8037, appendix A.3.
func TestThumbprint(t *testing.T) {
	public := []byte("\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a")
	if got := receipt.NewKey(public).ID; got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Error(got)
	}
}
