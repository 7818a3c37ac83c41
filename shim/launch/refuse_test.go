package launch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glovebox/shim/ticket"
)

// What is missing or wrong ends the launch before anything of gVisor runs, with
// the reason where the shim looks for it.
func TestRefusals(t *testing.T) {
	image := pauseImage(t)
	for name, c := range map[string]struct {
		edit func(*ticket.Ticket)
		want string
	}{
		"a group that is not there": {func(n *ticket.Ticket) {
			n.Join = append(n.Join, filepath.Join(filepath.Dir(n.Join[0]), "nope/cgroup.procs"))
		}, "no such file"},
		"a file that is no group": {func(n *ticket.Ticket) {
			fake := filepath.Join(t.TempDir(), "fake")
			must(t, os.Mkdir(fake, 0o700))
			must(t, os.WriteFile(filepath.Join(fake, "cgroup.procs"), nil, 0o600))
			n.Join = append(n.Join, filepath.Join(fake, "cgroup.procs"))
		}, "control groups fake"},
		"no program":             {func(n *ticket.Ticket) { n.Exec = "/nope" }, "exec /nope"},
		"a program that is none": {func(n *ticket.Ticket) { n.Exec = "/proc/version" }, "exec /proc/version"},
		"a sentry with the host's network": {func(n *ticket.Ticket) {
			n.BootArgs = append(n.BootArgs, "--network=host")
		}, "--network=host"},
		"a sentry that keeps its rights": {func(n *ticket.Ticket) {
			n.BootArgs = append(n.BootArgs, "--apply-caps=false")
		}, "--apply-caps=false"},
	} {
		s, err := boot(t, image, c.edit)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		s.end(t)
	}
}
