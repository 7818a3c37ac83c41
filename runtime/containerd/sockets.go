package containerd

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"glovebox"
)

// A stock shim that is killed leaves its socket. The name is a hash, so it can
// be told whose it is only for ids that are known otherwise.

// socket is where the stock shim of a sandbox listens, as containerd names it.
func (r *Runtime) socket(id string) string {
	name := filepath.Join(r.config.Daemon.Address, r.config.Namespace, id)
	return filepath.Join(r.config.Daemon.Sockets, fmt.Sprintf("%x", sha256.Sum256([]byte(name))))
}

func (r *Runtime) removeSocket(id string) error {
	if err := os.Remove(r.socket(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sockets lists what is in the folder of sockets, as belonging to whichever of
// the ids it can.
func (r *Runtime) sockets(ids []string) []glovebox.Residue {
	owners := map[string]string{}
	for _, id := range ids {
		owners[r.socket(id)] = id
	}
	var found []glovebox.Residue
	entries, _ := os.ReadDir(r.config.Daemon.Sockets)
	for _, e := range entries {
		path := filepath.Join(r.config.Daemon.Sockets, e.Name())
		found = append(found, glovebox.Residue{Kind: "file", Name: path, Sandbox: owners[path]})
	}
	return found
}
