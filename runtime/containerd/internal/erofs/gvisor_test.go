package erofs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// survey lists everything under /t: what is there and all bytes of it.
const survey = `cd /t
find . -type d -print0 | sort -z | xargs -0 stat -c '%n %f %u:%g %Y'
find . ! -type d -print0 | sort -z | xargs -0 stat -c '%N %f %u:%g %Y %s %h'
find . -type f -print0 | sort -z | xargs -0 sha256sum
find . -type f -links +1 -samefile hard/one | sort`

// TestGVisorReadsIt runs the survey by a program that is itself in the tree,
// once in gVisor with the file as its root and once on this machine in the
// tree. Both must tell the same.
func TestGVisorReadsIt(t *testing.T) {
	runsc, root := gvisor(t), t.TempDir()
	plantShell(t, root)
	tree := filepath.Join(root, "t")
	if err := os.Mkdir(tree, 0o755); err != nil {
		t.Fatal(err)
	}
	odd(t, tree)
	for _, device := range []string{"char", "block", "whiteout"} {
		if err := os.Remove(filepath.Join(tree, device)); err != nil {
			t.Fatal(err)
		}
	}
	here := exec.Command("/bin/busybox", "sh", "-c", survey)
	here.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	want, err := here.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, want)
	}
	if n := bytes.Count(want, []byte("\n")); n < 20_000 {
		t.Fatalf("the survey has %d lines only:\n%.2000s", n, want)
	}
	differ(t, string(want), runsc(written(t, root), survey))
}

// TestGVisorUses checks what a job can do with an image as a file: write over
// it, and not use what is special in it.
func TestGVisorUses(t *testing.T) {
	runsc, root := gvisor(t), t.TempDir()
	plantShell(t, root)
	tree := filepath.Join(root, "t")
	if err := os.Mkdir(tree, 0o755); err != nil {
		t.Fatal(err)
	}
	odd(t, tree)
	got := runsc(written(t, root), `
echo more >> /t/hard/one && cat /t/hard/one
rm /t/usr/tool && ls /t/usr | wc -l
mv /t/empty /t/moved && stat -c %f /t/moved
for f in char block whiteout; do ls /t/$f >/dev/null 2>&1 && echo $f is there; done
ls -a /t | grep -cE '^(char|block|whiteout)$'
cat /t/fifo >/dev/null 2>&1 && echo a FIFO of the image can be opened
stat -c %f /t/fifo /t/socket`)
	want := "samemore\n0\n43ff\n0\n1180\nc180\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// plantShell puts a static busybox into a tree.
func plantShell(t testing.TB, root string) {
	t.Helper()
	for _, name := range []string{"/usr/bin/busybox", "/bin/busybox"} {
		b, err := os.ReadFile(name)
		if err != nil || exec.Command("/bin/sh", "-c", "ldd "+name).Run() == nil {
			continue
		}
		for _, dir := range []string{"bin", "proc", "dev", "sys", "tmp"} {
			if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(root, "bin/busybox"), b, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, applet := range []string{"sh", "find", "sort", "xargs", "stat", "sha256sum", "cat", "rm", "mv", "ls", "wc", "grep"} {
			if err := os.Symlink("busybox", filepath.Join(root, "bin", applet)); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	t.Skip("skipped: no statically linked busybox (Debian: apt-get install busybox-static)")
}

// gvisor returns what runs a script in gVisor with an EROFS file as the root,
// a memory layer above it and no file server, and returns its output.
func gvisor(t testing.TB) func(file, script string) string {
	t.Helper()
	asRoot(t)
	bin := os.Getenv("GLOVEBOX_BIN")
	if bin == "" {
		bin = "../../../../bin"
	}
	program, err := filepath.Abs(filepath.Join(bin, "runsc"))
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		t.Skipf("skipped: %v (build it with tools/build.sh bin, or set GLOVEBOX_BIN)", err)
	}
	return func(file, script string) string {
		t.Helper()
		dir, err := os.MkdirTemp("", "gbev") // not t.TempDir: names of sockets are short
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		spec := map[string]any{
			"ociVersion": "1.0.2", "root": map[string]any{"path": dir},
			"process": map[string]any{"args": []string{"/bin/sh", "-c", script}, "cwd": "/", "env": []string{"PATH=/bin"},
				"user": map[string]int{"uid": 0, "gid": 0}, "noNewPrivileges": true},
			"linux": map[string]any{"namespaces": []map[string]string{{"type": "pid"}, {"type": "mount"}, {"type": "network"}}},
			"annotations": map[string]string{"dev.gvisor.spec.rootfs.type": "erofs", "dev.gvisor.spec.rootfs.source": file,
				"dev.gvisor.spec.rootfs.overlay": "memory"},
		}
		config, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, "--root", filepath.Join(dir, "s"), "--network=none", "--ignore-cgroups",
			"run", "--bundle", dir, fmt.Sprintf("erofs-%d", os.Getpid()))
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("runsc: %v\n%s\n%s", err, stdout.String(), stderr.String())
		}
		return stdout.String()
	}
}
