package folder

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"glovebox"
)

// TestKilled: after kill -9 everything appended is there and nothing half-put is.
func TestKilled(t *testing.T) {
	if os.Getenv("GLOVEBOX_FOLDER_CHILD") != "" {
		writeForEver(os.Getenv("GLOVEBOX_FOLDER_CHILD"))
	}
	dir := t.TempDir() // not in the child, which is killed before it could remove it
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), "GLOVEBOX_FOLDER_CHILD="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	told := make([]byte, 1)
	for range 200 { // each byte is an append that has returned
		if _, err := out.Read(told); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir); glovebox.KindOf(err) != glovebox.KindInUse {
		t.Fatalf("a second process may open the folder: %v", err)
	}
	_ = child.Process.Kill()
	_ = child.Wait()

	b := openDir(t, dir)
	info, err := b.Stat(background, "grows")
	if err != nil || info.Sealed || info.Size < 200*1000 {
		t.Fatalf("Stat = %+v, %v; want an open object with all appends", info, err)
	}
	if got := inventory(t, b); !strings.HasPrefix(got, "grows ") || strings.Contains(got, ",") {
		t.Fatalf("found %q", got)
	}
	if _, err := b.Append(background, "grows", info.Size, []byte("on")); err != nil {
		t.Fatal(err)
	}
}

// writeForEver is the child: one Put that never ends, and appends.
func writeForEver(dir string) {
	b, err := Open(dir)
	if err != nil {
		panic(err)
	}
	reads := make(chan bool)
	go b.Put(background, "half", readerFunc(func(p []byte) (int, error) {
		reads <- true // the second one blocks for ever
		return len(p), nil
	}))
	<-reads
	p := bytes.Repeat([]byte("x"), 1000)
	for at := int64(0); ; {
		if at, err = b.Append(background, "grows", at, p); err != nil {
			panic(err)
		}
		_, _ = os.Stdout.Write([]byte("."))
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestDiskFull fills a real file system of 1 MiB.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("needs to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	b := openDir(t, dir)
	big := bytes.Repeat([]byte("x"), 700<<10)
	if _, err := b.Append(background, "open", 0, big); err != nil {
		t.Fatal(err)
	}
	size, err := b.Append(background, "open", int64(len(big)), big)
	if glovebox.KindOf(err) != glovebox.KindUnavailable || size != int64(len(big)) {
		t.Fatalf("Append to a full disk = %d, %v", size, err)
	}
	if _, err = b.Append(background, "new", 0, big); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Fatalf("Append to a full disk: %v", err)
	}
	_, err = b.Put(background, "put", bytes.NewReader(big))
	if glovebox.KindOf(err) != glovebox.KindUnavailable || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("Put to a full disk: %v", err)
	}
	for _, key := range []string{"new", "put"} {
		if _, err := b.Stat(background, key); glovebox.KindOf(err) != glovebox.KindNotFound {
			t.Fatalf("a full disk left %s: %v", key, err)
		}
	}
	if info, err := b.Stat(background, "open"); err != nil || info.Size != int64(len(big)) {
		t.Fatalf("Stat = %+v, %v", info, err)
	}
	if err := b.Delete(background, "open"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(background, "put", bytes.NewReader(big)); err != nil {
		t.Fatalf("Put after space was freed: %v", err)
	}
}

// TestNoEmptyFolders: deleting the last object of a folder removes the folder.
func TestNoEmptyFolders(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir)
	keys := []string{"out/job1/stdout", "out/job1/stderr", "a/b/c/d", strings.Repeat("x", 450)}
	for _, key := range keys {
		if err := b.Seal(background, key); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Delete(background, keys...); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(dir, objectsDir))
	if err != nil || len(left) != 0 {
		t.Fatalf("left %v, %v", left, err)
	}
}
