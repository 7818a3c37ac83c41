package instance

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestGiveCertificate: control gets its files and nobody else, and a link that
// control puts in place of its folder leads the writer nowhere.
func TestGiveCertificate(t *testing.T) {
	i := &Instance{Layout: Layout{Dir: t.TempDir()}, Record: Record{ControlUID: os.Getuid()}}
	if err := os.MkdirAll(i.ServerTLS(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := i.GiveCertificate([]byte("cert"), []byte("key")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{CertFile: "cert", KeyFile: "key"} {
		path := filepath.Join(i.ServerTLS(), name)
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q %v", name, got, err)
		}
		if st, err := os.Stat(path); err != nil || st.Mode() != 0o600 {
			t.Errorf("%s: %v %v", name, st.Mode(), err)
		}
	}
	if err := os.RemoveAll(i.ServerTLS()); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, i.ServerTLS()); err != nil {
		t.Fatal(err)
	}
	if err := i.GiveCertificate([]byte("cert"), []byte("key")); err == nil {
		t.Error("it followed a link")
	}
	if found, err := os.ReadDir(elsewhere); err != nil || len(found) > 0 {
		t.Errorf("written elsewhere: %v %v", found, err)
	}
}

// TestCertificate: what was given comes back; what control puts in its place is
// nothing, and holds nobody up.
func TestCertificate(t *testing.T) {
	i := &Instance{Layout: Layout{Dir: t.TempDir()}, Record: Record{ControlUID: os.Getuid()}}
	if err := os.MkdirAll(i.ServerTLS(), 0o700); err != nil {
		t.Fatal(err)
	}
	if cert, key := i.Certificate(); cert != nil || key != nil {
		t.Errorf("before: %q %q", cert, key)
	}
	if err := i.GiveCertificate([]byte("cert"), []byte("key")); err != nil {
		t.Fatal(err)
	}
	if cert, key := i.Certificate(); string(cert) != "cert" || string(key) != "key" {
		t.Errorf("given: %q %q", cert, key)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(path string) error{
		"pipe": func(path string) error { return unix.Mkfifo(path, 0o600) },
		"link": func(path string) error { return os.Symlink(secret, path) },
		"huge": func(path string) error { return os.WriteFile(path, make([]byte, maxPEM+1), 0o600) },
	} {
		path := filepath.Join(i.ServerTLS(), CertFile)
		if err := errors.Join(os.Remove(path), put(path)); err != nil {
			t.Fatal(err)
		}
		if cert, _ := i.Certificate(); cert != nil {
			t.Errorf("%s: %.20q", name, cert)
		}
	}
}
