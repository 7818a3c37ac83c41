package shimtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The launcher must not start anything outside of the job's control groups.
func TestLauncherFailsClosed(t *testing.T) {
	bin := filepath.Join(Programs(t), "glovebox-launch")
	proof := filepath.Join(t.TempDir(), "ran")
	for name, ticket := range map[string]string{
		"no ticket":         "",
		"no group":          "exec /bin/touch\n",
		"missing group":     "exec /bin/touch\njoin /sys/fs/cgroup/nope/cgroup.procs\n",
		"not a group":       "exec /bin/touch\njoin /proc/version\n",
		"relative program":  "exec touch\njoin /dev/null\n",
		"unknown directive": "exec /bin/touch\njoin /dev/null\nshell yes\n",
		"torn line":         "exec /bin/touch\njoin",
	} {
		dir := t.TempDir()
		if ticket != "" {
			must(t, os.WriteFile(filepath.Join(dir, "launch"), []byte(ticket), 0o600))
		}
		err := exec.Command(bin, "--root="+dir, proof).Run()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := os.Stat(proof); err == nil {
			t.Fatalf("%s: the program was run", name)
		}
		if why, err := os.ReadFile(filepath.Join(dir, "launch.err")); err != nil || len(why) == 0 {
			t.Errorf("%s: no reason was left: %v", name, err)
		}
	}
	if err := exec.Command(bin, "boot").Run(); err == nil {
		t.Error("without a directory: no error")
	}
}

// Create tells why when the launcher refuses.
func TestCreateTellsWhyTheLauncherRefused(t *testing.T) {
	s := StartShim(t)
	moved := filepath.Join(s.Dir, "boot")
	s.Stop(t)
	must(t, os.Symlink(s.Program("glovebox-boot"), moved))
	s.StartWith(t, "--boot", moved)
	must(t, os.Remove(moved)) // after the shim has seen that it exists
	err := s.NewTask(t, sleeper).TryCreate()
	if err == nil || !strings.Contains(err.Error(), "launcher: exec "+moved) {
		t.Errorf("Create: %v", err)
	}
}
