package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// record is what a later process needs to remove a sandbox this one has left:
// the sandbox's state directory holds one from before the first thing is made.
type record struct {
	Namespace string `json:"namespace"`
	ID        string `json:"id"`
	Bundle    string `json:"bundle"`
	Cgroup    string `json:"cgroup"`
}

const recordFile = "sandbox.json"

// StateDir is where everything about one sandbox is kept. The name is short
// and of fixed length because gVisor puts a unix socket there, whose path may
// not exceed 107 bytes; and each sandbox has a directory of its own because
// gVisor looks containers up by prefix.
func StateDir(root, namespace, id string) string {
	sum := sha256.Sum256([]byte(namespace + "\x00" + id))
	return filepath.Join(root, "s", hex.EncodeToString(sum[:8]))
}

const maxSocketPath = 107

// checkSocketPath refuses what gVisor would silently put somewhere else.
func checkSocketPath(dir, id string) error {
	if path := filepath.Join(dir, "runsc-"+id+".sock"); len(path) > maxSocketPath {
		return fmt.Errorf("control socket path of %d bytes is too long (at most %d): use a shorter --root or id: %s",
			len(path), maxSocketPath, path)
	}
	return nil
}

// write does not sync: groups and mounts do not outlive a power cut either.
func (r record) write(dir string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, recordFile)
	if err := os.WriteFile(path+".tmp", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// readRecord returns the empty record if there is none, or if it makes no sense:
// that is what a power cut leaves of it, after which nothing is there to remove
// but files.
func readRecord(dir string) (r record, err error) {
	data, err := os.ReadFile(filepath.Join(dir, recordFile))
	if errors.Is(err, os.ErrNotExist) {
		// Stopped before the record was written, so before anything was made.
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if json.Unmarshal(data, &r) != nil {
		return record{}, nil
	}
	return r, nil
}
