package instance

import (
	"os"
	"path/filepath"
	"testing"
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
