package supervise

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glovebox"
)

func bg() context.Context { return context.Background() }

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func proc(name, mode string) Child {
	exe, _ := os.Executable()
	return Child{Name: name, Path: exe, Env: []string{"CHILD=" + mode, "GORACE=atexit_sleep_ms=0"}, Grace: 10 * time.Second}
}

// record is an output that can be waited on.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// pids returns the numbers that children wrote behind word, in order.
func (r *record) pids(word string) []int {
	var pids []int
	for _, m := range regexp.MustCompile(word+` (\d+)`).FindAllStringSubmatch(r.String(), -1) {
		pid, _ := strconv.Atoi(m[1])
		pids = append(pids, pid)
	}
	return pids
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

func newSupervisor(t *testing.T, c Config) (*Supervisor, *record) {
	t.Helper()
	out := &record{}
	c.Output = out
	if c.Log == nil {
		c.Log = quiet()
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, out
}

func mustStart(t *testing.T, s *Supervisor, c Child) {
	t.Helper()
	if err := s.Start(bg(), c); err != nil {
		t.Fatal(err)
	}
}

func TestStopsInReverseOrder(t *testing.T) {
	s, out := newSupervisor(t, Config{})
	for _, name := range []string{"a", "b", "c", "d"} {
		mustStart(t, s, proc(name, "daemon"))
	}
	s.Stop(bg(), "d", "none", "b") // what is named
	s.Stop(bg())                   // and then the rest
	var last []string
	for _, line := range strings.Split(out.String(), "\n") {
		if name, ok := strings.CutSuffix(line, " | bye"); ok {
			last = append(last, name)
		}
	}
	if !slices.Equal(last, []string{"d", "b", "c", "a"}) {
		t.Fatalf("%v\n%s", last, out)
	}
	for _, pid := range out.pids("pid") {
		if !gone(pid) {
			t.Errorf("%d is still there", pid)
		}
	}
}

func TestRestartsAfterKill(t *testing.T) {
	s, out := newSupervisor(t, Config{})
	mustStart(t, s, proc("a", "daemon"))
	for n := 1; n <= 5; n++ {
		until(t, "another run", func() bool { return len(out.pids("pid")) == n })
		syscall.Kill(out.pids("pid")[n-1], syscall.SIGKILL)
	}
}

func TestGivesUpOnWhatNeverStarts(t *testing.T) {
	s, out := newSupervisor(t, Config{})
	err := s.Start(bg(), proc("a", "broken"))
	if glovebox.KindOf(err) != glovebox.KindUnavailable || !strings.Contains(err.Error(), "a does not start: exit code 3") {
		t.Fatal(err)
	}
	until(t, "its words", func() bool { return strings.Count(out.String(), "a | cannot find my feet\n") == maxEarly })

	missing := proc("b", "daemon")
	missing.Path = "/nowhere"
	if err := s.Start(bg(), missing); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Fatal(err)
	}
}

func TestGivesUpOnWhatIsNeverReady(t *testing.T) {
	s, _ := newSupervisor(t, Config{StartLimit: 100 * time.Millisecond})
	if err := s.Start(bg(), proc("a", "mute")); err == nil || !strings.Contains(err.Error(), "not ready after 100ms") {
		t.Fatal(err)
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	s, _ := newSupervisor(t, Config{})
	ctx, cancel := context.WithTimeout(bg(), 50*time.Millisecond)
	defer cancel()
	if err := s.Start(ctx, proc("a", "mute")); err == nil {
		t.Fatal("started")
	}
}

// A child that dies again and again is started ever more seldom.
func TestBackOff(t *testing.T) {
	log := &record{}
	s, _ := newSupervisor(t, Config{
		FirstDelay: 10 * time.Millisecond, MaxDelay: 80 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	mustStart(t, s, proc("a", "flaky"))
	until(t, "six restarts", func() bool { return strings.Count(log.String(), "in=80ms") >= 2 })
	var delays []string
	for _, m := range regexp.MustCompile(`in=(\S+)`).FindAllStringSubmatch(log.String(), 5) {
		delays = append(delays, m[1])
	}
	if got := strings.Join(delays, " "); got != "10ms 20ms 40ms 80ms 80ms" {
		t.Fatal(got)
	}
}

func TestGraceAndHurry(t *testing.T) {
	s, out := newSupervisor(t, Config{})
	c := proc("a", "stubborn")
	c.Grace = 100 * time.Millisecond
	mustStart(t, s, c)
	began := time.Now()
	s.Stop(bg())
	if d := time.Since(began); d < c.Grace || d > 5*time.Second {
		t.Errorf("stopped after %s", d)
	}

	c.Grace = time.Minute
	mustStart(t, s, c)
	ctx, cancel := context.WithTimeout(bg(), 50*time.Millisecond)
	defer cancel()
	began = time.Now()
	s.Stop(ctx)
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("stopped after %s", d)
	}
	for _, pid := range out.pids("pid") {
		if !gone(pid) {
			t.Errorf("%d is still there", pid)
		}
	}
}

// Orphans come to us, are buried when they end and killed when we end.
func TestOrphans(t *testing.T) {
	s, out := newSupervisor(t, Config{})
	mustStart(t, s, proc("a", "parent"))
	until(t, "all are there", func() bool { return len(out.pids("short")) == 1 && len(out.pids("orphan")) == 1 })
	orphan, short := out.pids("orphan")[0], out.pids("short")[0]
	until(t, "the end of the short one", func() bool { return gone(short) })
	s.Stop(bg())
	if gone(orphan) {
		t.Fatal("the orphan ended before Close")
	}
	until(t, "its adoption", func() bool { return slices.Contains(childrenOf(os.Getpid()), orphan) })
	s.Close()
	if !gone(orphan) {
		t.Fatal("the orphan is still there")
	}
}

// An orphan that is spared outlives us.
func TestSpared(t *testing.T) {
	s, out := newSupervisor(t, Config{})
	mustStart(t, s, proc("a", "parent"))
	until(t, "it is there", func() bool { return len(out.pids("orphan")) == 1 })
	orphan := out.pids("orphan")[0]
	s.Stop(bg())
	until(t, "its adoption", func() bool { return slices.Contains(childrenOf(os.Getpid()), orphan) })
	s.Spare(orphan)
	s.Close()
	if gone(orphan) {
		t.Error("the orphan was not spared")
	}
	_ = syscall.Kill(orphan, syscall.SIGKILL)
	_, _ = syscall.Wait4(orphan, nil, 0, nil)
}

// Whoever connects while the server is dead waits and is served by the next.
func TestSocketOutlivesItsServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	s, _ := newSupervisor(t, Config{FirstDelay: 200 * time.Millisecond})
	c := proc("a", "server")
	c.Files = map[string]*os.File{"api": file}
	mustStart(t, s, c)
	ask := func() int {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		b, _ := io.ReadAll(conn)
		pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
		return pid
	}
	first := ask()
	syscall.Kill(first, syscall.SIGKILL)
	until(t, "its end", func() bool { return gone(first) })
	if second := ask(); second == 0 || second == first {
		t.Fatal(first, second)
	}
}

func TestSealed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	s, out := newSupervisor(t, Config{})
	exe, _ := os.Executable()
	binary, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	c := proc("a", "who")
	c.UID, c.Binary = 61999, binary
	mustStart(t, s, c)
	b := proc("b", "who")
	mustStart(t, s, b)
	until(t, "both", func() bool { return strings.Count(out.String(), "| env") == 2 })
	for _, want := range []string{
		`a \| Uid:\s61999\s61999\s61999\s61999`, `a \| Gid:\s61999\s61999\s61999\s61999`, `a \| Groups:\s*\n`,
		`a \| CapPrm:\s0+\n`, `a \| CapEff:\s0+\n`, `a \| CapBnd:\s0+\n`, `a \| NoNewPrivs:\s1`, `a \| Umask:\s0077`,
		`a \| env CHILD=who GORACE=\S+ GLOVEBOX_FDS=ready=3\n`,
		`b \| Uid:\s0\s`, `b \| NoNewPrivs:\s0`, `b \| Umask:\s0022`, `b \| CapBnd:\s0*[1-9a-f]`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

// The kernel takes the children of a supervisor that was killed.
func TestChildrenDieWithTheSupervisor(t *testing.T) {
	exe, _ := os.Executable()
	out := &record{}
	cmd := exec.Command(exe) // no Supervisor is open in this process now
	cmd.Env, cmd.Stdout, cmd.Stderr = []string{"CHILD=supervisor"}, out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "start", func() bool {
		return strings.Contains(out.String(), "started <nil>") && len(out.pids("pid")) > 0
	})
	cmd.Process.Kill()
	cmd.Wait()
	inner := out.pids("pid")[0]
	until(t, "the child's end", func() bool {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(inner), "stat"))
		return err != nil || bytes.Contains(b, []byte(") Z ")) // it may be ours to bury now
	})
}
