package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// leftBy is what is told of a job's artifacts.
type leftBy struct {
	Artifacts []struct {
		Path   string `json:"path"`
		Folder bool   `json:"folder"`
		Size   int64  `json:"size"`
		Digest string `json:"digest"`
	} `json:"artifacts"`
	Summary *struct {
		Files     int   `json:"files"`
		Bytes     int64 `json:"bytes"`
		LeftOut   int   `json:"leftOut"`
		Truncated bool  `json:"truncated"`
		Refused   bool  `json:"refused"`
	} `json:"summary"`
}

func artifactsOf(t *testing.T, b *box.Box, id string) (all leftBy) {
	t.Helper()
	if err := json.Unmarshal([]byte(b.Must("artifacts", "list", "--json", id)), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// detached submits a job and waits for its end.
func detached(t *testing.T, b *box.Box, args ...string) (id string) {
	t.Helper()
	id = strings.TrimSpace(b.Must(append([]string{"run", "--detach"}, args...)...))
	b.Must("logs", "-f", id)
	return id
}

func sha(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

// TestFilesThroughASandbox: a file goes in, a job makes others of it, and they
// come home byte for byte, under each runtime, cold and parked.
func TestFilesThroughASandbox(t *testing.T) {
	b := up(t)
	dir := t.TempDir()
	content := make([]byte, 3<<20)
	_, _ = rand.Read(content) // never fails
	local := filepath.Join(dir, "in")
	if err := os.WriteFile(local, content, 0o755); err != nil {
		t.Fatal(err)
	}
	script := `set -e; cd /out; cat /data/in > copy; mkdir -p a/b; head -c 1000 /data/in > "a/b/first ä"; tail -c +1001 /data/in > a/b/rest
		: > empty; mkdir none; printf '#!/bin/sh' > tool; chmod 755 tool; sha256sum < /data/in | cut -c1-64
		(: > /data/in) 2>/dev/null && echo written; [ -x /data/in ] && echo executable`
	for i, args := range [][]string{{"--runtime", "gvisor"}, {"--runtime", "gvisor"}, {"--runtime", "runc"}, {"--runtime", "gvisor", "--user", "1000"}} {
		t.Run(fmt.Sprint(i, args), func(t *testing.T) {
			home := filepath.Join(dir, fmt.Sprint("home", i))
			r := b.Run(append(append([]string{"run", "--file", local + ":/data/in", "--out", home}, args...), "busybox:test", "--", "sh", "-c", script)...)
			if r.Code != 0 || r.Stdout != sha(content)+"\nexecutable\n" || !strings.Contains(r.Stderr, "5 files, ") {
				t.Fatalf("%+v", r)
			}
			for name, want := range map[string][]byte{"copy": content, "a/b/first ä": content[:1000], "a/b/rest": content[1000:], "empty": {}, "tool": []byte("#!/bin/sh")} {
				if got, err := os.ReadFile(filepath.Join(home, name)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
				}
			}
			if st, err := os.Stat(filepath.Join(home, "tool")); err != nil || st.Mode() != 0o755 {
				t.Errorf("%v, %v", st, err)
			}
			if st, err := os.Stat(filepath.Join(home, "none")); err != nil || !st.IsDir() {
				t.Errorf("%v, %v", st, err)
			}
		})
	}
	t.Run("nothing left", func(t *testing.T) {
		id := detached(t, b, "busybox:test", "--", "true")
		if got := artifactsOf(t, b, id); got.Summary != nil || len(got.Artifacts) != 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("unknown digest", func(t *testing.T) {
		r := b.Run("run", "--file", filepath.Join(dir, "nothing")+":/a", "busybox:test", "--", "true")
		if r.Code == 0 || !strings.Contains(r.Stderr, "--file") {
			t.Errorf("%+v", r)
		}
	})
	b.NoResidue()
}

// TestHostileArtifacts: what is no file or folder, or is called what no file
// should be, stays behind, and what is beyond a bound too; the job is told how
// much, and does not end for it.
func TestHostileArtifacts(t *testing.T) {
	b := up(t)
	dir := t.TempDir()
	bring := func(t *testing.T, id string) map[string]int64 {
		t.Helper()
		home := filepath.Join(dir, id)
		b.Must("artifacts", "get", id, "--out", home)
		got := map[string]int64{}
		err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == home {
				return err
			}
			st, err := d.Info()
			if err != nil {
				return err
			}
			if !st.Mode().IsRegular() && !st.IsDir() || st.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
				t.Errorf("%s is %v", path, st.Mode())
			}
			name, _ := filepath.Rel(home, path)
			if got[name] = st.Size(); st.IsDir() {
				got[name] = -1
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, runtime := range []string{"gvisor", "runc"} {
		t.Run(runtime, func(t *testing.T) {
			id := detached(t, b, "--runtime", runtime, "busybox:test", "--", "sh", "-c", `cd /out; echo fine > fine; chmod 6755 fine
				ln -s /etc/passwd link; ln -s / root; ln -s .. up; mknod fifo p; ln fine hard
				echo x > "$(printf 'new\nline')"; echo x > "$(printf 'esc\033[2J')"; echo x > 'back\slash'; echo x > "$(printf 'bad\377')"
				mkdir -p "$(printf 'd/%.0s' $(seq 70))"; echo deep > "$(printf 'd/%.0s' $(seq 70))f"; echo x > ...; echo x > -rf`)
			got := bring(t, id)
			for name, size := range map[string]int64{"fine": 5, "hard": 5, "...": 2, "-rf": 2, "d": -1} {
				if got[name] != size {
					t.Errorf("%q: %d", name, got[name])
				}
			}
			for name := range got {
				if !strings.HasPrefix(name, "d") && len(name) > 4 || strings.Count(name, "/") > 63 {
					t.Errorf("%q came home", name)
				}
			}
			if s := artifactsOf(t, b, id).Summary; s == nil || s.Files != 4 || s.LeftOut < 8 || s.Refused {
				t.Errorf("%+v", s)
			}
		})
	}
	t.Run("10,001 files", func(t *testing.T) {
		id := detached(t, b, "busybox:test", "--", "sh", "-c", `cd /out; i=0; while [ $i -lt 10001 ]; do : > f$i; i=$((i+1)); done`)
		if s := artifactsOf(t, b, id).Summary; s == nil || s.Files != 10_000 || s.LeftOut != 1 || !s.Truncated {
			t.Errorf("%+v", s)
		}
	})
	t.Run("beyond the bytes", func(t *testing.T) {
		id := detached(t, b, "--artifacts-limit", "1m", "busybox:test", "--", "sh", "-c",
			`head -c 900000 /dev/urandom > /out/a; head -c 900000 /dev/urandom > /out/b; head -c 1000 /dev/zero > /out/c`)
		if got := bring(t, id); len(got) != 2 || got["a"] != 900_000 || got["c"] != 1000 {
			t.Errorf("%v", got)
		}
		if s := artifactsOf(t, b, id).Summary; s == nil || s.LeftOut != 1 || !s.Truncated {
			t.Errorf("%+v", s)
		}
	})
	t.Run("out is taken away", func(t *testing.T) {
		id := detached(t, b, "busybox:test", "--", "sh", "-c", `echo x > /out/x; rm -rf /out; ln -s /etc /out; mv /out /gone; ln -s / /out; true`)
		for _, a := range artifactsOf(t, b, id).Artifacts {
			if a.Path != "x" {
				t.Errorf("%+v", a)
			}
		}
	})
	b.NoResidue()
}

// big is what a job leaves in the tests below.
const big = 200 << 20

// leaveBig has a job leave a large file, and returns its digest, as the job said.
func leaveBig(t *testing.T, b *box.Box, size int) (id, digest string) {
	t.Helper()
	id = detached(t, b, "--artifacts-limit", "300m", "--memory", "1g", "busybox:test", "--", "sh", "-c",
		fmt.Sprintf(`head -c %d /dev/urandom > /out/big; sha256sum /out/big | cut -c1-64`, size))
	return id, strings.TrimSpace(b.Must("logs", "--stdout", id))
}

// TestResumedDownload: a download goes on where it ended, over the death of
// control and of the command itself.
func TestResumedDownload(t *testing.T) {
	b := up(t)
	id, digest := leaveBig(t, b, big)
	home := filepath.Join(t.TempDir(), "home")
	part := filepath.Join(home, ".glovebox-"+id, "0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	get := b.Command(ctx, "artifacts", "get", id, "--out", home)
	if err := get.Start(); err != nil {
		t.Fatal(err)
	}
	grown := func(n int64) bool {
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if st, err := os.Stat(part); err == nil && st.Size() >= n {
				return true
			}
		}
		return false
	}
	if !grown(10 << 20) {
		t.Fatal("nothing came")
	}
	for _, pid := range b.Children("glovebox control") {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if !grown(40 << 20) {
		t.Fatal("nothing came after the death of control")
	}
	_ = get.Process.Kill()
	_ = get.Wait()
	before, err := os.Stat(part)
	if err != nil || before.Size() >= big {
		t.Fatalf("%v, %v: it came too fast for this test", before, err)
	}
	b.Must("artifacts", "get", id, "--out", home)
	got, err := os.ReadFile(filepath.Join(home, "big"))
	if err != nil || len(got) != big || sha(got) != digest {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if left, err := os.ReadDir(home); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
	t.Logf("killed at %d of %d bytes", before.Size(), big)
	b.NoResidue()
}

// TestKilledWhileCollecting: kill -9 of the agent and of control while they are
// at what a job left costs nothing of it.
func TestKilledWhileCollecting(t *testing.T) {
	b := up(t)
	for i, victim := range []string{"glovebox agent", "glovebox control", "glovebox agent", "glovebox control"} {
		id := strings.TrimSpace(b.Must("run", "--detach", "--artifacts-limit", "300m", "--memory", "1g", "busybox:test", "--", "sh", "-c",
			fmt.Sprintf(`head -c %d /dev/urandom > /out/big; sha256sum /out/big | cut -c1-64`, big/2)))
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if r := b.Run("logs", "--stdout", id); len(r.Stdout) == 65 { // the last thing that it does
				break
			}
		}
		time.Sleep(time.Duration(i) * 30 * time.Millisecond)
		for _, pid := range b.Children(victim) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		digest := strings.TrimSpace(b.Must("logs", "-f", "--stdout", id))
		all := artifactsOf(t, b, id)
		if len(all.Artifacts) != 1 || all.Artifacts[0].Digest != "sha256:"+digest || all.Summary.Truncated {
			t.Errorf("%s: %+v", victim, all)
			continue
		}
		home := filepath.Join(t.TempDir(), fmt.Sprint(i))
		b.Must("artifacts", "get", id, "--out", home) // checks the bytes
	}
	b.NoResidue()
}
