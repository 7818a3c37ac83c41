package pause

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/erofs"
)

// TestImage reads the image with gVisor's own reader.
func TestImage(t *testing.T) {
	data, err := Image()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := erofs.OpenImage(f)
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	root, err := img.Inode(img.RootNid())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"pause": machines[runtime.GOARCH].pause, "true": machines[runtime.GOARCH].exit} {
		nid, err := root.Lookup(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		in, err := img.Inode(nid)
		if err != nil {
			t.Fatal(err)
		}
		at, err := in.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		got, err := img.BytesAt(at, in.Size())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(got, want) {
			t.Errorf("/%s is not what was written", name)
		}
	}
	for _, name := range []string{"dev", "proc", "sys", "tmp"} {
		if nid, err := root.Lookup(name); err != nil {
			t.Errorf("/%s: %v", name, err)
		} else if in, err := img.Inode(nid); err != nil || !in.IsDir() {
			t.Errorf("/%s is no folder: %v", name, err)
		}
	}
}

// TestPrograms runs them on the host's own kernel.
func TestPrograms(t *testing.T) {
	dir := t.TempDir()
	m := machines[runtime.GOARCH]
	write := func(name string, code []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, elf(m.machine, code), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := exec.Command(write("true", m.exit)).Run(); err != nil {
		t.Errorf("true: %v", err)
	}
	cmd := exec.Command(write("pause", m.pause))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		t.Errorf("pause ended: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	_ = cmd.Process.Kill()
	<-done
}
