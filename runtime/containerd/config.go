package containerd

import (
	"path/filepath"
	"regexp"
	"slices"

	"glovebox"
)

// Config says where everything is. containerd and the gVisor shim are started
// by somebody else, before or after New, and may be restarted at any time.
type Config struct {
	// Daemon is the private containerd, as WriteConfig laid it out.
	Daemon Daemon
	// Namespace in containerd; "glovebox" if empty.
	Namespace string
	// Instance tells this node's sandboxes from those of another Glovebox on
	// the same kernel: control groups are /glovebox/<Instance>/<sandbox id>.
	// It matches [a-z0-9-]{1,32}.
	Instance string
	// Dir is this package's work folder: of root alone, but others may pass
	// through (mode 0711), as must be so for every folder above it, because
	// runc enters it as a user of the job's own namespace.
	Dir string
	// Runtimes that can be asked for: glovebox.RuntimeGVisor, RuntimeRunc.
	Runtimes []string
	// ShimSocket is where the gVisor shim listens, and ShimBinary the program
	// that containerd executes, with "delete", when its connection to a task has
	// ended: the launcher, which the shim's program is beside. Absolute paths;
	// needed for gVisor only.
	ShimSocket, ShimBinary string
	// RunscRoot is the folder where gVisor keeps the state of sandboxes.
	RunscRoot string
	// Snapshots and SnapshotBytes bound what is saved on this node, all
	// together; 0 = 32, and 16 GiB.
	Snapshots     int
	SnapshotBytes int64
}

var instanceName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

func (c Config) check() (Config, error) {
	if c.Namespace == "" {
		c.Namespace = "glovebox"
	}
	if c.Snapshots == 0 {
		c.Snapshots = defaultSnapshots
	}
	if c.SnapshotBytes == 0 {
		c.SnapshotBytes = defaultSnapshotBytes
	}
	paths := map[string]string{"Dir": c.Dir, "Daemon.Address": c.Daemon.Address, "Daemon.State": c.Daemon.State}
	for _, name := range c.Runtimes {
		switch name {
		case glovebox.RuntimeRunc:
		case glovebox.RuntimeGVisor:
			paths["ShimSocket"], paths["ShimBinary"], paths["RunscRoot"] = c.ShimSocket, c.ShimBinary, c.RunscRoot
		default:
			return c, glovebox.Errorf(glovebox.KindRuntime, "there is no runtime %q", name).Try("use gvisor or runc")
		}
	}
	for field, path := range paths {
		if !filepath.IsAbs(path) || filepath.Clean(path) != path {
			return c, glovebox.Errorf(glovebox.KindInvalid, "%q is not a clean absolute path", path).On(field)
		}
	}
	if !instanceName.MatchString(c.Instance) {
		return c, glovebox.Errorf(glovebox.KindInvalid, "%q does not match %s", c.Instance, instanceName).On("Instance")
	}
	return c, nil
}

func (c Config) has(runtime string) bool { return slices.Contains(c.Runtimes, runtime) }

// cgroupParent is the group that holds the groups of all sandboxes.
func (c Config) cgroupParent() string { return "/glovebox/" + c.Instance }
