package hostile

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glovebox/e2e/fixture"
	"glovebox/e2e/internet"
	"glovebox/e2e/internet/places"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// stress runs the adversaries that others have written, in gVisor and nowhere
// else: trinity calls whatever a kernel has with whatever there is.
func (s *stand) stress(t *testing.T) {
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"stress-ng", "trinity"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Skipf("skipped: there is no %s (Debian: %s)", program, program)
		}
		if err := tree.AddProgram(path); err != nil {
			t.Fatal(err)
		}
	}
	img, err := fixture.Image(tree, v1.Config{Env: []string{"PATH=/bin:/usr/bin"}, WorkingDir: "/tmp"})
	archive := filepath.Join(t.TempDir(), "stress.tar")
	if err == nil {
		err = fixture.WriteArchive(archive, "stress:test", img)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.b.Must("image", "import", archive)
	lines, end := s.neighbour(t)
	defer end()
	for _, c := range []struct {
		name, user string
		words      []string
		began      string // what it prints once it attacks
	}{
		{"stress-ng", "0", []string{"stress-ng", "--timeout", "5s", "--temp-path", "/tmp", "--fork", "1", "--vm", "1", "--vm-bytes", "32m", "--bigheap", "1",
			"--enosys", "1", "--sysinval", "1", "--sysbadaddr", "1", "--dentry", "1", "--dentries", "500", "--fallocate", "1", "--fallocate-bytes", "16m", "--procfs", "1", "--dev", "1", "--mknod", "1", "--metrics-brief"}, "dispatching hogs"},
		{"trinity", "65534", []string{"trinity", "-C", "2", "-N", "20000", "-q", "-l", "off"}, "Initial random seed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, agent, label := lines(), s.rss("agent"), "stress="+c.name
			args := []string{"run", "--label", label, "--timeout", "8s", "--memory", "256m", "--pids", "128", "--disk", "64m", "--output-limit", "4m", "--user", c.user, "stress:test", "--"}
			mark := s.w.Ledger.Mark()
			began := time.Now()
			r := s.b.Run(append(args, c.words...)...)
			took, job := time.Since(began), shown(t, s.b, label)
			said := r.Stdout + r.Stderr
			if !strings.Contains(said, c.began) {
				t.Errorf("it has not begun (%s, %s): %.2000s", job.Outcome, job.Reason, said)
			}
			waitFor(t, 10*time.Second, func() bool { return lines() > before })
			grown := s.rss("agent") - agent
			arrived := s.w.Ledger.Since(mark, notPulled)
			s.note(t, Attempt{
				Family: 6, Column: s.column, Case: c.name,
				Succeeded: took > 25*time.Second || grown > 64<<20 || len(arrived) > 0,
				Detail:    fmt.Sprintf("%s (%s) after %s, the agent grew by %d bytes, arrived: %v", job.Outcome, job.Reason, took, grown, arrived),
			})
			t.Logf("%s: %s %s after %s", c.name, job.Outcome, job.Reason, took)
		})
	}
}

// notPulled is what may not arrive: all but the last words of connections that
// control has had with registries.
func notPulled(a internet.Arrival) bool {
	to := a.To.Addr().String()
	return a.Server != "packet" || a.To.Port() != places.PortTLS || to != places.Allowed4 && to != places.Other4
}
