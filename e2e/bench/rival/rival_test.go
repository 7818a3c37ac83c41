package rival

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"glovebox/e2e/fixture"
)

// TestRivals runs every rival that this machine has once, and looks for what
// they leave.
func TestRivals(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: containers need root")
	}
	bin := os.Getenv("GLOVEBOX_BIN")
	if bin == "" {
		bin, _ = filepath.Abs("../../../bin")
	}
	if _, err := os.Stat(filepath.Join(bin, "runsc")); err != nil {
		t.Fatalf("%s has no runsc: run `make build` first", bin)
	}
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	if err != nil {
		t.Fatal(err)
	}
	img, err := NewImage(t.TempDir(), tree, Image{Name: "busybox", Args: []string{"echo", "hi"}, Path: "/bin", Want: "hi\n"})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "gbrival")
	if err != nil {
		t.Fatal(err)
	}
	g := NewGround(dir, bin)
	all, err := g.Contestants(img)
	if err != nil {
		t.Error(err)
	}
	for _, c := range all {
		if c.Skipped != "" {
			t.Logf("%s: skipped: %s", c.Key, c.Skipped)
			continue
		}
		taken, err := c.Run(t.Context(), 0)
		if err != nil || taken.First <= 0 || taken.Exit < taken.First {
			t.Errorf("%s: %+v, %v", c.Key, taken, err)
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || bytes.Contains(mounts, []byte(dir)) {
		t.Errorf("mounts are left: %v", err)
	}
	for _, pattern := range []string{dir, "/sys/fs/cgroup/" + g.prefix + "*", "/sys/fs/cgroup/*/" + g.prefix + "*", "/run/*/" + g.prefix + "*"} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// TestNook: what is mounted in a nook is seen by what is started there, and by
// nobody else, whichever thread it got.
func TestNook(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: mounting needs root")
	}
	for range 20 {
		dir := t.TempDir()
		n, err := enter(func() error { return unix.Mount("nook", dir, "tmpfs", 0, "size=4096") })
		if err != nil {
			t.Fatal(err)
		}
		inside := []byte{}
		n.do(func() { inside, err = exec.Command("cat", "/proc/self/mountinfo").Output() })
		outside, rerr := os.ReadFile("/proc/self/mountinfo")
		n.leave()
		if err != nil || rerr != nil || !bytes.Contains(inside, []byte(dir)) || bytes.Contains(outside, []byte(dir)) {
			t.Fatalf("inside %t, outside %t, %v, %v", bytes.Contains(inside, []byte(dir)), bytes.Contains(outside, []byte(dir)), err, rerr)
		}
	}
}

// TestWrongOutput: a job that does not print what it should is no result.
func TestWrongOutput(t *testing.T) {
	for _, script := range []string{"echo no", "echo hi; exit 3", "true", "echo hi; echo hi"} {
		if _, err := measure(command(t.Context(), "sh", "-c", script), "hi\n"); err == nil {
			t.Errorf("%s: no error", script)
		}
	}
	if _, err := measure(command(t.Context(), "sh", "-c", "echo hi"), "hi\n"); err != nil {
		t.Error(err)
	}
}
