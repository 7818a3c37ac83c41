package launch

import (
	"os"
	"path/filepath"
	"testing"
)

// A thread is moved alone where that can be, and with its process elsewhere.
func TestJoinFiles(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"v1": {[]string{"tasks", "cgroup.procs"}, "tasks"},
		"v2": {[]string{"cgroup.procs"}, "cgroup.procs"},
	} {
		dir := t.TempDir()
		for _, file := range c.files {
			if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := join(filepath.Join(dir, "cgroup.procs")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, file := range c.files {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil || (string(text) == "0") != (file == c.want) {
				t.Errorf("%s: %s has %q, %v", name, file, text, err)
			}
		}
	}
	if join(filepath.Join(t.TempDir(), "cgroup.procs")) == nil {
		t.Error("no group: no error")
	}
}
