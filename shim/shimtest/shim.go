// Package shimtest runs a real shim with real sandboxes for tests and
// measurements: a root file system made of busybox, jobs with pipes, and a
// look at the kernel for what was left behind.
package shimtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/ttrpc"
)

// Namespace is the containerd namespace all test tasks are in.
const Namespace = "shimtest"

// Shim is a running shim process and a client of it.
type Shim struct {
	api.TTRPCTaskService

	Dir    string // everything of this shim is below it
	Root   string
	Socket string
	Rootfs string // the image all jobs share

	cgroup string
	bins   string
	cmd    *exec.Cmd
	client *ttrpc.Client
}

// StartShim starts a shim that is gone, with everything it made, when the test
// has ended; the test fails if anything is left then.
func StartShim(t testing.TB) *Shim {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: sandboxes need root")
	}
	bins := Programs(t)
	// Not t.TempDir, whose long names do not fit a unix socket's path.
	dir, err := os.MkdirTemp("", "gbx")
	if err != nil {
		t.Fatal(err)
	}
	s := &Shim{
		Dir: dir, Root: filepath.Join(dir, "r"), Socket: filepath.Join(dir, "task.sock"),
		Rootfs: filepath.Join(dir, "image"), bins: bins,
		cgroup: "/glovebox-" + filepath.Base(dir),
	}
	if err := makeRootfs(s.Rootfs); err != nil {
		t.Fatalf("make the root file system: %v", err)
	}
	t.Cleanup(func() { s.finish(t) })
	s.Start(t)
	return s
}

// Program is the path of one of the programs under test.
func (s *Shim) Program(name string) string { return filepath.Join(s.bins, name) }

// PID of the shim.
func (s *Shim) PID() int { return s.cmd.Process.Pid }

// Start starts the process; call it again after Kill.
func (s *Shim) Start(t testing.TB) {
	t.Helper()
	s.StartWith(t)
}

// StartWith starts it with more flags.
func (s *Shim) StartWith(t testing.TB, flags ...string) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(s.Dir, "shim.log"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.cmd = s.command(append(flags, "--socket", s.Socket)...)
	s.cmd.Stderr = log
	// A test that times out runs no clean-up; nothing may survive it.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var conn net.Conn
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if conn, err = net.Dial("unix", s.Socket); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the shim does not answer: %v\n%s", err, s.Log())
		}
	}
	s.client = ttrpc.NewClient(conn, ttrpc.WithUnaryClientInterceptor(withNamespace))
	s.TTRPCTaskService = api.NewTTRPCTaskClient(s.client)
}

func (s *Shim) command(args ...string) *exec.Cmd {
	args = append([]string{"serve", "--root", s.Root,
		"--runsc", s.Program("runsc"), "--launch", s.Program("glovebox-launch")}, args...)
	if os.Getenv("GLOVEBOX_TEST_DEBUG") != "" {
		args = append(args, "--debug")
	}
	return exec.Command(s.Program("containerd-shim-glovebox-v1"), args...)
}

func withNamespace(ctx context.Context, req *ttrpc.Request, resp *ttrpc.Response, info *ttrpc.UnaryClientInfo, next ttrpc.Invoker) error {
	req.Metadata = append(req.Metadata, &ttrpc.KeyValue{Key: "containerd-namespace-ttrpc", Value: Namespace})
	return next(ctx, req, resp)
}

// Kill ends the shim the hard way.
func (s *Shim) Kill() {
	if s.client != nil {
		s.client.Close()
		s.client = nil
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Stop ends the shim the gentle way.
func (s *Shim) Stop(t testing.TB) {
	t.Helper()
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the shim ended with %v", err)
	}
	s.client.Close()
	s.client = nil
}

// Log is what the shim has logged.
func (s *Shim) Log() string {
	data, _ := os.ReadFile(filepath.Join(s.Dir, "shim.log"))
	return string(data)
}

func (s *Shim) finish(t testing.TB) {
	if t.Failed() {
		t.Logf("shim log:\n%s", s.Log())
	}
	for _, r := range s.Residue() {
		t.Errorf("left behind: %s", r)
	}
	s.Kill()
	s.sweep()
}

// sweep removes what a failed test may have left, of this shim only.
func (s *Shim) sweep() {
	for _, pid := range s.cgroupProcs() {
		_ = exec.Command("kill", "-9", fmt.Sprint(pid)).Run()
	}
	for _, dir := range s.cgroupDirs() {
		for range 100 {
			if err := os.Remove(dir); err == nil || os.IsNotExist(err) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	for _, m := range s.mounts() {
		_ = exec.Command("umount", "-l", m).Run()
	}
	os.RemoveAll(s.Dir)
}

// CgroupPath is where a job's control group belongs.
func (s *Shim) CgroupPath(id string) string { return filepath.Join(s.cgroup, id) }
