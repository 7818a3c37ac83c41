package agent

import "path/filepath"

// Underway says whether a command was started in a sandbox, by an agent over
// dir, and how it ended was not written down yet: what there is of it, be it
// an exit status or output, is still wanted.
func Underway(dir, id string) bool {
	f := folder{filepath.Join(dir, dirSandboxes, id)}
	_, started := f.started()
	return started && f.exit() == nil
}
