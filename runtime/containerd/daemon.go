package containerd

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"glovebox"
)

// Daemon is where a private containerd keeps its things.
type Daemon struct {
	ConfigFile string // for containerd --config
	Address    string // of its socket
	Root       string // what it keeps: layers, records
	State      string // what does not outlive a boot: bundles of tasks
	Sockets    string // of the stock shims
}

// maxSocketDir is containerd's bound on the folder of its shims' sockets, so
// that the kernel's bound on socket names holds.
const maxSocketDir = 42

// DaemonIn says where a containerd that lives in dir keeps its things. Sockets
// go under /run if dir is too long for them.
func DaemonIn(dir string) Daemon {
	d := Daemon{
		ConfigFile: filepath.Join(dir, "config.toml"),
		Root:       filepath.Join(dir, "root"),
		State:      filepath.Join(dir, "state"),
		Sockets:    filepath.Join(dir, "s"),
	}
	if len(d.Sockets) > maxSocketDir {
		d.Sockets = fmt.Sprintf("/run/glovebox-%x", sha256.Sum256([]byte(dir)))[:32]
	}
	d.Address = filepath.Join(filepath.Dir(d.Sockets), filepath.Base(d.Sockets)+".sock")
	return d
}

// needless are plugins that a node of ours has no use for. Each one not loaded
// is code that cannot be reached and a file or socket outside dir not made.
var needless = []string{
	"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri",
	"io.containerd.podsandbox.controller.v1.podsandbox", "io.containerd.nri.v1.nri",
	"io.containerd.image-verifier.v1.bindir", "io.containerd.internal.v1.opt",
	"io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
	"io.containerd.transfer.v1.local", "io.containerd.grpc.v1.transfer",
	"io.containerd.streaming.v1.manager", "io.containerd.grpc.v1.streaming",
	"io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
	"io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs",
	"io.containerd.snapshotter.v1.native", "io.containerd.snapshotter.v1.zfs",
	"io.containerd.differ.v1.erofs", "io.containerd.mount-handler.v1.erofs",
	"io.containerd.monitor.container.v1.restart", "io.containerd.monitor.task.v1.cgroups",
	"io.containerd.metrics.v1.grpc-prometheus", "io.containerd.metrics.v1.grpc-otel",
	"io.containerd.http.v1.pprof", "io.containerd.server.v1.debug",
	"io.containerd.server.v1.grpc-tcp", "io.containerd.server.v1.metrics",
}

// WriteConfig writes the configuration of a containerd that lives in dir and
// touches nothing outside it. Run it as `containerd --config ConfigFile`, with
// containerd-shim-runc-v2 beside it or along PATH, and runc along PATH.
func WriteConfig(dir string) (Daemon, error) {
	d := DaemonIn(dir)
	if !filepath.IsAbs(dir) || filepath.Clean(dir) != dir || strings.ContainsAny(dir, "'\n") {
		return d, glovebox.Errorf(glovebox.KindInvalid, "%q cannot be containerd's folder", dir).
			Try("use a clean absolute path without quotes")
	}
	// Jobs of runc enter their bundle as a user of their own, so all may pass.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return d, glovebox.Errorf(glovebox.KindInternal, "make containerd's folder: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "version = 4\nroot = '%s'\nstate = '%s'\nimports = []\ndisabled_plugins = [\n", d.Root, d.State)
	for _, p := range needless {
		fmt.Fprintf(&b, "  '%s',\n", p)
	}
	fmt.Fprintf(&b, "]\n\n[plugins.'io.containerd.server.v1.grpc']\n  address = '%s'\n", d.Address)
	fmt.Fprintf(&b, "\n[plugins.'io.containerd.server.v1.ttrpc']\n  address = '%s.ttrpc'\n", d.Address)
	fmt.Fprintf(&b, "\n[plugins.'io.containerd.shim.v1.manager']\n  socket_dir = '%s'\n", d.Sockets)
	if err := writeFile(d.ConfigFile, []byte(b.String())); err != nil {
		return d, glovebox.Errorf(glovebox.KindInternal, "write containerd's configuration: %w", err)
	}
	return d, nil
}

// bundle is the folder of a task, made by containerd.
func (d Daemon) bundle(namespace, id string) string {
	return filepath.Join(d.State, "io.containerd.runtime.v2.task", namespace, id)
}

// work is the folder that containerd keeps for a task beside its bundle.
func (d Daemon) work(namespace, id string) string {
	return filepath.Join(d.Root, "io.containerd.runtime.v2.task", namespace, id)
}
