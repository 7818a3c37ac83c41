package instance

import (
	"path/filepath"

	"glovebox"
)

// DefaultDir is where an instance lives that nobody named.
const DefaultDir = "/var/lib/glovebox"

// EnvDir names the instance where --data does not.
const EnvDir = "GLOVEBOX_DATA"

// A unix socket's path has at most 107 bytes. containerd's own sockets are not
// counted here: its adapter puts them elsewhere where they do not fit.
const (
	maxSocketPath = 107
	longestSocket = "/run/shim.sock"
	maxDir        = maxSocketPath - len(longestSocket)
)

// Layout names the places of an instance. Making one touches nothing.
type Layout struct {
	Dir string // absolute and clean
}

// Find returns the layout for a --data flag, or for the environment if the flag
// is empty. A relative path is made absolute. KindInvalid if the path leaves no
// room for the sockets below it.
func Find(flag string, getenv func(string) string) (Layout, error) {
	field, dir := "--data", flag
	if dir == "" {
		field, dir = EnvDir, getenv(EnvDir)
	}
	if dir == "" {
		dir = DefaultDir
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Layout{}, glovebox.Errorf(glovebox.KindInvalid, "make %q absolute: %w", dir, err).On(field)
	}
	if err := checkLength(field, dir); err != nil {
		return Layout{}, err
	}
	return Layout{Dir: dir}, nil
}

func checkLength(field, dir string) error {
	if len(dir) > maxDir {
		return glovebox.Errorf(glovebox.KindInvalid, "%s has %d bytes, too many for the unix sockets below it", dir, len(dir)).
			On(field).Try("choose a folder with a path of at most %d bytes", maxDir)
	}
	return nil
}

// Record is the file that says which instance this is.
func (l Layout) Record() string { return filepath.Join(l.Dir, "instance.json") }

// Lock is the file that the running service holds.
func (l Layout) Lock() string { return filepath.Join(l.Dir, "lock") }

// Run is the folder of the sockets.
func (l Layout) Run() string { return filepath.Join(l.Dir, "run") }

// API is control's socket for callers.
func (l Layout) API() string { return filepath.Join(l.Run(), "api.sock") }

// Node is control's socket for the agent.
func (l Layout) Node() string { return filepath.Join(l.Run(), "node.sock") }

// Shim is the socket of the one shim process.
func (l Layout) Shim() string { return filepath.Join(l.Run(), "shim.sock") }

// Network is the folder of the sandboxes' network namespaces, in memory.
func (l Layout) Network() string { return filepath.Join(l.Dir, "net") }

// Keeper is the shim's socket for those who leave it behind and take it over.
func (l Layout) Keeper() string { return filepath.Join(l.Run(), "keep.sock") }

// PIDFile tells people the pid of `glovebox up`; the lock is the truth.
func (l Layout) PIDFile() string { return filepath.Join(l.Run(), "up.pid") }

// Control is the only folder that control can write to.
func (l Layout) Control() string { return filepath.Join(l.Dir, "control") }

// Store is control's database.
func (l Layout) Store() string { return filepath.Join(l.Control(), "store.db") }

// SecretKeys is control's file of the keys that secrets are sealed with.
func (l Layout) SecretKeys() string { return filepath.Join(l.Control(), "secret.keys") }

// ReceiptKeys is control's file of the key that signs receipts.
func (l Layout) ReceiptKeys() string { return filepath.Join(l.Control(), "receipt.keys") }

// ReceiptPublic is the file of the keys to check receipts with, for everybody
// to read and copy. Control writes it.
func (l Layout) ReceiptPublic() string { return filepath.Join(l.Dir, "receipt.pub") }

// Blobs is control's folder of bytes.
func (l Layout) Blobs() string { return filepath.Join(l.Control(), "blobs") }

// Tmp is control's TMPDIR; it is emptied at each start.
func (l Layout) Tmp() string { return filepath.Join(l.Control(), "tmp") }

// Docker is control's DOCKER_CONFIG.
func (l Layout) Docker() string { return filepath.Join(l.Control(), "docker") }

// TLS is the folder of the local authority. Its certificate is for everybody
// to read, its key for root.
func (l Layout) TLS() string { return filepath.Join(l.Dir, "tls") }

// ServerTLS is control's folder with the certificate that it serves.
func (l Layout) ServerTLS() string { return filepath.Join(l.Control(), "tls") }

// Agent is the agent's folder.
func (l Layout) Agent() string { return filepath.Join(l.Dir, "agent") }

// Containerd is the private containerd's folder; its adapter lays it out.
func (l Layout) Containerd() string { return filepath.Join(l.Dir, "containerd") }

// Sandboxes is the work folder of the runtime.
func (l Layout) Sandboxes() string { return filepath.Join(l.Dir, "sandboxes") }

// ShimRoot is where the shim keeps its state.
func (l Layout) ShimRoot() string { return filepath.Join(l.Dir, "shim") }
