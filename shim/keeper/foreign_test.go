package keeper

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"glovebox/shim/cgroup"
)

// foreign starts a sandbox of somebody else: a command in a pid namespace and a
// control group of its own, whose output goes to a FIFO.
func foreign(t *testing.T, deadline time.Duration, script string) (Foreign, *exec.Cmd) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: control groups are root's")
	}
	dir := t.TempDir()
	f := Foreign{
		ID: "a", Group: fmt.Sprintf("/glovebox/keeper-%d-%d/a", os.Getpid(), time.Now().UnixNano()),
		Deadline: time.Now().Add(deadline), Note: filepath.Join(dir, "limit"), Output: []string{filepath.Join(dir, "out")},
	}
	group, err := cgroup.Open(f.Group)
	must(t, err)
	must(t, group.Create(cgroup.Limits{Memory: 64 << 20, Tasks: 100, Shares: 1024}))
	must(t, unix.Mkfifo(f.Output[0], 0o600))
	out, err := os.OpenFile(f.Output[0], os.O_RDWR, 0)
	must(t, err)
	defer out.Close()
	cmd := exec.Command("/bin/sh", "-c", "echo $$; "+script)
	cmd.Stdout, cmd.SysProcAttr = out, &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	must(t, cmd.Start())
	for _, file := range group.JoinFiles() {
		must(t, os.WriteFile(file, fmt.Append(nil, cmd.Process.Pid), 0))
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err := group.Delete(5 * time.Second); err != nil {
			t.Error(err)
		}
		for _, file := range group.JoinFiles() {
			_ = os.Remove(filepath.Dir(filepath.Dir(file)))
		}
	})
	return f, cmd
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestForeignDeadline: a foreign sandbox is ended at its deadline, politely
// first, and that is noted before; one that ends by itself is not.
func TestForeignDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   string // how the command ends
		noted  bool
	}{
		"listens":        {"trap 'exit 3' TERM; while :; do sleep 0.05; done", "exit status 3", true},
		"does not":       {"trap '' TERM; while :; do sleep 0.05; done", "signal: killed", true},
		"ends by itself": {"exit 4", "exit status 4", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, cmd := foreign(t, 500*time.Millisecond, c.script)
			gs, err := guardAll([]Foreign{f}, slog.New(slog.DiscardHandler))
			must(t, err)
			defer gs[0].drop()
			gs.keep()
			if err := cmd.Wait(); fmt.Sprint(err) != c.want {
				t.Errorf("it ended as %v", err)
			}
			time.Sleep(time.Until(f.Deadline) + 200*time.Millisecond)
			word, _ := os.ReadFile(f.Note)
			if (string(word) == timedOut) != c.noted {
				t.Errorf("noted %q", word)
			}
		})
	}
}

// TestForeignAttended: who attends has the deadline, and the output until it is
// removed.
func TestForeignAttended(t *testing.T) {
	f, cmd := foreign(t, 300*time.Millisecond, "sleep 1; echo done")
	gs, err := guardAll([]Foreign{f}, slog.New(slog.DiscardHandler))
	must(t, err)
	gs.keep()
	gs.leave()
	if err := cmd.Wait(); err != nil { // and with it the last writer has gone
		t.Error(err)
	}
	if _, err := os.Stat(f.Note); err == nil {
		t.Error("an end was noted")
	}
	out, err := os.OpenFile(f.Output[0], os.O_RDONLY|unix.O_NONBLOCK, 0)
	must(t, err)
	defer out.Close()
	all := make([]byte, 100)
	if n, err := out.Read(all); string(all[:n]) != "1\ndone\n" {
		t.Errorf("output %q, %v", all[:n], err)
	}
	must(t, os.Remove(f.Output[0]))
	for end := time.Now().Add(10 * time.Second); holds(f.Output[0]); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the output is still held")
		}
	}
	out.Close()
}

// holds counts this process's descriptors of a removed file, but for one.
func holds(path string) bool {
	n := 0
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if to, _ := os.Readlink(link); strings.HasPrefix(to, path) {
			n++
		}
	}
	return n > 1
}

// TestForeignRefused: one that cannot be looked after is not taken, nor are those
// that were named with it.
func TestForeignRefused(t *testing.T) {
	dir := t.TempDir()
	good := Foreign{ID: "a", Group: "/glovebox/none/a", Deadline: time.Now().Add(time.Hour), Note: filepath.Join(dir, "limit")}
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for name, change := range map[string]func(f *Foreign){
		"no group":       func(f *Foreign) { f.Group = "" },
		"no deadline":    func(f *Foreign) { f.Deadline = time.Time{} },
		"no note":        func(f *Foreign) { f.Note = "" },
		"no such output": func(f *Foreign) { f.Output = []string{file + "2"} },
		"no FIFO":        func(f *Foreign) { f.Output = []string{file} },
	} {
		bad := good
		change(&bad)
		if gs, err := guardAll([]Foreign{good, bad}, slog.New(slog.DiscardHandler)); err == nil || gs != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := guardAll([]Foreign{good}, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("the good one: %v", err)
	}
}
