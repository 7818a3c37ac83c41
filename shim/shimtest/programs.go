package shimtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// ProgramsDir, if set, is a directory with all programs built already.
const ProgramsDir = "GLOVEBOX_BIN"

// madeDirs are temporary directories of the test binary, for RemovePrograms.
var madeDirs []string

var builtPrograms = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv(ProgramsDir); dir != "" {
		return filepath.Abs(dir)
	}
	return goBuild("glovebox/shim/cmd/...", "gvisor.dev/gvisor/runsc")
})

// builtGuest is the program for inside, built apart: it is no part of what
// tools/build.sh makes.
var builtGuest = sync.OnceValues(func() (string, error) { return goBuild("glovebox/shim/shimtest/guest") })

func goBuild(packages ...string) (string, error) {
	dir, err := os.MkdirTemp("", "gbxbin")
	if err != nil {
		return "", err
	}
	madeDirs = append(madeDirs, dir)
	args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", dir + "/"}, packages...)
	cmd := exec.Command("go", args...)
	// The tests of both modules that use this run one level below the shim's,
	// whose versions are the ones to build with.
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %v: %w\n%s", packages, err, out)
	}
	return dir, nil
}

// AddGuest puts the misbehaving program into the image, as /guest.
func (s *Shim) AddGuest(t testing.TB) {
	t.Helper()
	dir, err := builtGuest()
	must(t, err)
	data, err := os.ReadFile(filepath.Join(dir, "guest"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(s.Rootfs, "guest"), data, 0o755))
}

// Programs builds what is under test, once a test binary.
func Programs(t testing.TB) string {
	t.Helper()
	dir, err := builtPrograms()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// RemovePrograms removes what was built; for TestMain.
func RemovePrograms() {
	for _, dir := range madeDirs {
		os.RemoveAll(dir)
	}
}

// makeRootfs makes a tiny image: busybox under the names jobs use.
func makeRootfs(dir string) error {
	for _, d := range []string{"bin", "tmp", "proc", "sys", "dev", "etc", "var", "mnt"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(dir, "tmp"), os.ModeSticky|0o777); err != nil {
		return err
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return fmt.Errorf("%w; hint: apt-get install busybox-static", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bin/busybox"), busybox, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"sh", "echo", "cat", "sleep", "true", "dd", "id", "ls", "touch", "mkdir", "grep", "head", "od", "env", "pwd", "tr", "wc", "kill", "tail", "seq"} {
		if err := os.Symlink("busybox", filepath.Join(dir, "bin", name)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "bin/noexec"), []byte("#!/bin/sh\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bin/garbage"), []byte("not a program"), 0o755)
}
