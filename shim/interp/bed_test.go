package interp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// swapper builds the library that swaps descriptors in a waiting process.
var swapper = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "interp-swap-")
	if err != nil {
		return "", err
	}
	lib := filepath.Join(dir, "swap.so")
	out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-pthread", "-o", lib, "testdata/swap.c").CombinedOutput()
	if err != nil {
		return dir, errors.New(err.Error() + ": " + string(out))
	}
	return lib, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if lib, _ := swapper(); lib != "" {
		dir := lib
		if strings.HasSuffix(lib, ".so") {
			dir = filepath.Dir(lib)
		}
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// job is one command line, to be run twice.
type job struct {
	argv, env  []string
	cwd, stdin string
}

// end is what a job leaves behind.
type end struct {
	stdout, stderr string
	status         int // as a shell has it: 128 + the signal
}

// status is that of a process that has ended.
func status(p *os.ProcessState) int {
	if ws := p.Sys().(syscall.WaitStatus); ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return p.ExitCode()
}

// usual runs a job the usual way.
func usual(t testing.TB, exe string, j job) end {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(exe)
	cmd.Args, cmd.Env, cmd.Dir = j.argv, append([]string{}, j.env...), j.cwd // not the test's own environment
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(j.stdin), &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status says it
	return end{stdout.String(), stderr.String(), status(cmd.ProcessState)}
}

// sitting is a parked interpreter.
type sitting struct {
	t       testing.TB
	cmd     *exec.Cmd
	control *os.File
	swap    *os.File
	stdin   *os.File
	stdout  *os.File
	stderr  *os.File
}

// park starts an interpreter and waits until it is ready.
func park(t testing.TB, interpreter, exe string, env []string) *sitting {
	t.Helper()
	lib, err := swapper()
	if err != nil {
		t.Skipf("skipped: the test's library cannot be built: %v", err)
	}
	args, err := Args(interpreter, exe)
	if err != nil {
		t.Fatal(err)
	}
	s := &sitting{t: t}
	var in, out, sIn, sOut, sErr, null *os.File
	in, s.control = pipe(t)
	ready, out := pipe(t)
	sIn, s.stdin = pipe(t)
	s.stdout, sOut = pipe(t)
	s.stderr, sErr = pipe(t)
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.swap = os.NewFile(uintptr(pair[0]), "swap")
	theirs := os.NewFile(uintptr(pair[1]), "swap")
	if null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(exe)
	s.cmd.Args, s.cmd.Dir = args, "/"
	s.cmd.Env = append([]string{"LD_PRELOAD=" + lib}, env...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = in, out, null
	s.cmd.ExtraFiles = []*os.File{sIn, sOut, sErr, theirs}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{in, out, sIn, sOut, sErr, theirs, null} {
		_ = f.Close()
	}
	line := make([]byte, len(Ready))
	if _, err := io.ReadFull(ready, line); err != nil || string(line) != Ready {
		t.Fatalf("the interpreter says %q (%v), not ready", line, err)
	}
	_ = ready.Close()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		for _, f := range []*os.File{s.control, s.swap, s.stdin, s.stdout, s.stderr} {
			_ = f.Close()
		}
	})
	return s
}

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

// bind gives the interpreter the job's descriptors.
func (s *sitting) bind() {
	s.t.Helper()
	tasks := s.tasks()
	if _, err := s.swap.Write([]byte{1}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.swap.Read(make([]byte, 1)); err != io.EOF {
		s.t.Fatalf("swap: %v", err)
	}
	for s.tasks() >= tasks { // the library's thread is still ending
		time.Sleep(100 * time.Microsecond)
	}
}

// tasks is how many threads the interpreter has.
func (s *sitting) tasks() int {
	s.t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(all)
}

// run makes it the job and waits for its end.
func (s *sitting) run(j job) end {
	s.t.Helper()
	line, err := Request(j.argv, j.env, j.cwd)
	if err != nil {
		s.t.Fatal(err)
	}
	s.bind()
	var e end
	var wg sync.WaitGroup
	wg.Go(func() { b, _ := io.ReadAll(s.stdout); e.stdout = string(b) })
	wg.Go(func() { b, _ := io.ReadAll(s.stderr); e.stderr = string(b) })
	wg.Go(func() { _, _ = io.WriteString(s.stdin, j.stdin); _ = s.stdin.Close() })
	if _, err := s.control.Write(line); err != nil {
		s.t.Error(err)
	}
	_ = s.control.Close()
	late := time.AfterFunc(30*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	_ = s.cmd.Wait()
	wg.Wait()
	e.status = status(s.cmd.ProcessState)
	return e
}

// equal runs a job both ways and compares all that it leaves behind.
func equal(t *testing.T, interpreter, exe string, parked []string, j job) end {
	t.Helper()
	want := usual(t, exe, j)
	got := park(t, interpreter, exe, parked).run(j)
	if got != want {
		t.Errorf("parked: status %d\n%s\n--- stderr\n%s\n=== usual: status %d\n%s\n--- stderr\n%s",
			got.status, got.stdout, got.stderr, want.status, want.stdout, want.stderr)
	}
	return want
}
