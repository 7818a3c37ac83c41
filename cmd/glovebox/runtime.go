package main

import (
	"os"
	"os/exec"

	"glovebox"
	"glovebox/internal/instance"
	"glovebox/runtime/containerd"
)

// openRuntime returns the runtime of an instance, for the agent that runs
// sandboxes and the doctor who counts what they left.
func openRuntime(l instance.Layout, r instance.Record, t tools) (*containerd.Runtime, error) {
	return containerd.New(containerd.Config{
		Daemon:     containerd.DaemonIn(l.Containerd()),
		Instance:   r.ID,
		Dir:        l.Sandboxes(),
		Runtimes:   runtimes(),
		ShimSocket: l.Shim(),
		ShimBinary: t.launch,
		RunscRoot:  l.ShimRoot(),
	})
}

// runtimes lists what jobs can ask for here. runc is there only where somebody
// installed it: jobs that name it are refused elsewhere, not run by another.
func runtimes() []string {
	all := []string{glovebox.RuntimeGVisor}
	if findRunc() != "" {
		all = append(all, glovebox.RuntimeRunc)
	}
	return all
}

// findRunc looks where the agent and containerd look.
func findRunc() string {
	if path, err := exec.LookPath("runc"); err == nil {
		return path
	}
	for _, path := range []string{"/usr/local/sbin/runc", "/usr/local/bin/runc", "/usr/sbin/runc", "/usr/bin/runc"} {
		if st, err := os.Stat(path); err == nil && st.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}
