package agent

import (
	"os"
	"path/filepath"
	"time"
)

// Standing is a sandbox whose command was started and whose end was not written
// down yet, as far as the agent's folder says.
type Standing struct {
	ID       string
	Runtime  string
	Deadline time.Time
	Output   []string // its FIFOs, whether they are there or not
}

// StandingIn lists those of an agent over dir. Sandboxes of which the order
// cannot be read are left out: nobody can go on with them.
func StandingIn(dir string) []Standing {
	entries, _ := os.ReadDir(filepath.Join(dir, dirSandboxes)) // no agent was there yet
	var all []Standing
	for _, e := range entries {
		f := folder{filepath.Join(dir, dirSandboxes, e.Name())}
		mark, started := f.started()
		if !started || f.exit() != nil {
			continue
		}
		if work, err := parseWork(f.order().GetWork(), nil); err == nil {
			all = append(all, Standing{ID: e.Name(), Runtime: work.spec.Runtime, Deadline: mark.At.Add(work.timeout), Output: OutputOf(dir, e.Name())})
		}
	}
	return all
}

// OutputOf names the FIFOs of a sandbox's output.
func OutputOf(dir, id string) []string {
	f := folder{filepath.Join(dir, dirSandboxes, id)}
	return []string{f.file(fifoStdout), f.file(fifoStderr)}
}

// Begun lists the sandboxes that an agent over dir has a folder of.
func Begun(dir string) []string {
	entries, _ := os.ReadDir(filepath.Join(dir, dirSandboxes))
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.Name())
	}
	return ids
}
