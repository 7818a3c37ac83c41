package hostile

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"glovebox/e2e/box"
)

// survives says whether the attacker outlives SIGTERM where nothing else would
// end it. Then it is killed, with all that it started.
func (s *stand) survives(t *testing.T, word string) bool {
	t.Helper()
	cmd := exec.Command(s.attacker, word, "-stay", "20s")
	cmd.Dir, cmd.Env = t.TempDir(), []string{"TMPDIR=" + t.TempDir()}
	// In a process namespace of their own, so that all end with the first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	out := &box.Buffer{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	waitFor(t, 10*time.Second, func() bool { return strings.Contains(out.String(), "ready") })
	_ = cmd.Process.Signal(syscall.SIGTERM)
	time.Sleep(100 * time.Millisecond)
	status, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/status")
	return err == nil && !strings.Contains(string(status), "State:\tZ")
}
