package containerd

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"glovebox"
)

// The gVisor shim keeps a folder for each sandbox under Config.RunscRoot, named
// by a hash, with a record of its own in it. It removes them itself, those of
// an earlier shim when it starts. What is here is for looking, and for
// cleaning up on a node whose shim does not start any more.

// stateDirs are those folders, with the container each belongs to; "" if its
// record was not written.
func (r *Runtime) stateDirs() map[string]string {
	dirs := map[string]string{}
	if r.config.RunscRoot == "" {
		return dirs
	}
	found, _ := filepath.Glob(filepath.Join(r.config.RunscRoot, "s", "*"))
	for _, dir := range found {
		var rec struct{ Namespace, ID string }
		b, err := os.ReadFile(filepath.Join(dir, recordFile))
		if err == nil && json.Unmarshal(b, &rec) == nil && rec.Namespace == r.config.Namespace && checkID(rec.ID) == nil {
			dirs[dir] = rec.ID
		} else {
			dirs[dir] = ""
		}
	}
	return dirs
}

// stateDir is the folder of one container; see stateDirs. The shim makes the
// name shorter than an id, because of a socket in it.
func (r *Runtime) stateDir(container string) string {
	sum := sha256.Sum256([]byte(r.config.Namespace + "\x00" + container))
	return filepath.Join(r.config.RunscRoot, "s", hex.EncodeToString(sum[:8]))
}

// removeState removes what the shim has not.
func (r *Runtime) removeState(container string) error {
	if r.config.RunscRoot == "" {
		return nil
	}
	return os.RemoveAll(r.stateDir(container))
}

// report is what the shim tells of the end of a sandbox.
type report struct {
	ExitStatus  uint32
	Killed      bool // from outside
	Crashed     bool // gVisor itself failed
	OOMKills    uint64
	TasksDenied int64
	TimedOut    bool // its time was over while there was no agent

	ScratchFull     string // "bytes" or "inodes" if the writable layer was used up
	ScratchBytes    int64  // that it held at most
	MemoryPeakBytes int64
	CPUNanos        int64

	Watch *glovebox.Observed
	Left  string // leftNothing, leftKept, or empty if that is lost
}

// report reads it; nothing before the end, and for runc.
func (r *Runtime) report(rec record) (report, bool) {
	var rep report
	if rec.Runtime != glovebox.RuntimeGVisor {
		return rep, false
	}
	err := r.load(rec.ID, reportFile, &rep)
	return rep, err == nil
}
