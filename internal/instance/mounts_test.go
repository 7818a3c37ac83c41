package instance

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestUnmount(t *testing.T) {
	needRoot(t)
	i := mustOpen(t, filepath.Join(short(t), "a b"), tempHost(t))
	inner := filepath.Join(i.Sandboxes(), "m", "n")
	for _, at := range []string{filepath.Dir(inner), inner} {
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("t", at, "tmpfs", 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.Unmount(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(i.Dir); err != nil {
		t.Fatal(err)
	}
	if got := mountsBelow("1 0 8:1 / /a\\040b/c\\134 rw - x\n2 0 8:1 / /a\\040bc rw\n", "/a b"); len(got) != 1 || got[0] != `/a b/c\` {
		t.Fatalf("%q", got)
	}
}
