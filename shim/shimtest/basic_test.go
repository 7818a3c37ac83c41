package shimtest

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	RemovePrograms()
	os.Exit(code)
}

func TestExitStatusAndOutput(t *testing.T) {
	s := StartShim(t)
	for _, c := range []struct {
		script string
		status uint32
		stdout string
		stderr string
	}{
		{"echo hi", 0, "hi\n", ""},
		{"echo oops >&2; exit 7", 7, "", "oops\n"},
		{"exit 255", 255, "", ""},
		{"kill -9 $$", 137, "", ""},
		{"kill -TERM $$", 143, "", ""},
	} {
		status, stdout, stderr := s.Run(t, Job{Args: []string{"/bin/sh", "-c", c.script}})
		if status != c.status || stdout != c.stdout || stderr != c.stderr {
			t.Errorf("%q: status %d, output %q, error %q; want %d, %q, %q", c.script, status, stdout, stderr, c.status, c.stdout, c.stderr)
		}
	}
}
