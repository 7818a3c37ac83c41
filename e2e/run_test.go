package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestRun is the tour: what `glovebox run` promises, on one box.
func TestRun(t *testing.T) {
	b := up(t)
	host, _ := os.ReadFile("/proc/sys/kernel/osrelease")

	t.Run("stdout and stderr are apart and the exit code is passed on", func(t *testing.T) {
		r := b.Run("run", "busybox:test", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
		if r.Stdout != "out\n" || r.Stderr != "err\n" || r.Code != 7 {
			t.Fatalf("%+v", r)
		}
	})
	t.Run("the kernel is the sandbox's own", func(t *testing.T) {
		inside := b.Must("run", "busybox:test", "--", "uname", "-r")
		if inside == string(host) || inside == "" {
			t.Fatalf("inside %q, outside %q", inside, host)
		}
	})
	t.Run("docker's long name finds the same image", func(t *testing.T) {
		if out := b.Must("run", "docker.io/library/busybox:test", "--", "echo", "same"); out != "same\n" {
			t.Fatal(out)
		}
	})
	t.Run("environment, workdir, user", func(t *testing.T) {
		out := b.Must("run", "--env", "A=1", "--env", "B=x y", "--workdir", "/home/user", "--user", "user", "busybox:test", "--",
			"sh", "-c", "echo $A,$B,$FROM_IMAGE,$(pwd),$(id -u),$(id -g)")
		if out != "1,x y,yes,/home/user,1000,1000\n" {
			t.Fatal(out)
		}
	})
	t.Run("stdin is piped", func(t *testing.T) {
		r := b.RunIn(strings.NewReader("one\ntwo\n"), "run", "busybox:test", "--", "sort", "-r")
		if r.Stdout != "two\none\n" || r.Code != 0 {
			t.Fatalf("%+v", r)
		}
	})
	t.Run("a big stdin arrives whole", func(t *testing.T) {
		in := bytes.Repeat([]byte("0123456789abcde\n"), 1<<20)
		r := b.RunIn(bytes.NewReader(in), "run", "busybox:test", "--", "sha256sum")
		if want := fmt.Sprintf("%x", sha256.Sum256(in)); !strings.HasPrefix(r.Stdout, want) {
			t.Fatalf("%q, want %s; %s", r.Stdout, want, r.Stderr)
		}
	})
	t.Run("bytes that are no UTF-8 arrive as they are", func(t *testing.T) {
		r := b.Run("run", "busybox:test", "--", "printf", `\000\377\376\r\n\033[31m`)
		if r.Stdout != "\x00\xff\xfe\r\n\x1b[31m" {
			t.Fatalf("%q", r.Stdout)
		}
	})
	t.Run("detach, show, logs, jobs", func(t *testing.T) {
		id := strings.TrimSpace(b.Must("run", "--detach", "--label", "k=v", "busybox:test", "--", "sh", "-c", "echo a; sleep 0.3; echo b"))
		if out := b.Must("logs", "-f", id); out != "a\nb\n" {
			t.Fatalf("logs: %q", out)
		}
		var job struct {
			Status, Outcome string
			Result          struct{ ExitCode int }
		}
		for range 100 {
			if err := json.Unmarshal([]byte(b.Must("show", "--json", id)), &job); err != nil {
				t.Fatal(err)
			}
			if job.Status == "ARCHIVED" {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if job.Status != "ARCHIVED" || job.Outcome != "COMPLETED" {
			t.Fatalf("%+v", job)
		}
		if out := b.Must("jobs", "--label", "k=v"); !strings.Contains(out, id) {
			t.Fatal(out)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		id := strings.TrimSpace(b.Must("run", "--detach", "busybox:test", "--", "sleep", "600"))
		b.Must("cancel", id)
		deadline := time.Now().Add(15 * time.Second)
		for !strings.Contains(b.Must("show", "--json", id), `"CANCELLED"`) {
			if time.Now().After(deadline) {
				t.Fatal(b.Must("show", id))
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	t.Run("a time-out ends the job with 124", func(t *testing.T) {
		r := b.Run("run", "--timeout", "1s", "busybox:test", "--", "sleep", "600")
		if r.Code != 124 || !strings.Contains(r.Stderr, "timeout") {
			t.Fatalf("%+v", r)
		}
	})
	t.Run("runc, where an operator wants to compare", func(t *testing.T) {
		out := b.Must("run", "--runtime", "runc", "busybox:test", "--", "uname", "-r")
		if out != string(host) {
			t.Fatalf("%q, want the host's %q", out, host)
		}
	})
	b.NoResidue()
}

// TestPython runs a script that comes by stdin in an image with a real user
// land: a dynamic linker, shared libraries, Debian's python3.
func TestPython(t *testing.T) {
	b := up(t)
	b.Must("image", "import", pythonArchive(t))
	script := "import sys, platform, hashlib\nprint(platform.python_implementation(), sum(range(10)))\nprint('on stderr', file=sys.stderr)\nsys.exit(3)\n"
	r := b.RunIn(strings.NewReader(script), "run", "python:test", "--", "python3", "-")
	if r.Stdout != "CPython 45\n" || r.Stderr != "on stderr\n" || r.Code != 3 {
		t.Fatalf("%+v", r)
	}
	b.NoResidue()
}

// TestSideBySide: two instances, two folders, nothing of one seen by the other.
func TestSideBySide(t *testing.T) {
	a, b := up(t), up(t)
	ja := strings.TrimSpace(a.Must("run", "--detach", "busybox:test", "--", "sleep", "3"))
	if out := b.Must("run", "busybox:test", "--", "echo", "b"); out != "b\n" {
		t.Fatal(out)
	}
	if r := b.Run("show", ja); r.Code == 0 {
		t.Fatalf("b shows a job of a: %+v", r)
	}
	b.NoResidue()
	if r := a.Run("doctor", "--residue"); r.Code != 0 {
		t.Fatalf("a running job is not residue: %+v", r)
	}
	if code := b.Stop(); code != 0 {
		t.Fatalf("b stopped with %d", code)
	}
	if r := a.Run("logs", "-f", ja); r.Code != 0 {
		t.Fatalf("a is disturbed: %+v", r)
	}
}

// TestSecondUpIsRefused: one folder, one instance.
func TestSecondUpIsRefused(t *testing.T) {
	b := up(t)
	r := b.Run("up", "--data", b.Data)
	if r.Code != 100 || !strings.Contains(r.Stderr, "in use") {
		t.Fatalf("%+v", r)
	}
}
