package containerd

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/dialer"
	"github.com/containerd/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"glovebox"
	"glovebox/runtime/containerd/internal/cgroup"
)

// Runtime runs sandboxes. See the package comment.
type Runtime struct {
	config Config
	client *client.Client
	tasks  tasks.TasksClient
	groups *cgroup.Host

	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	ids    locks // one call at a time that changes a sandbox
	images locks // one that changes an image
	saves  locks // one that changes a snapshot
	lines  lines
	looked looked

	mu       sync.Mutex
	monitors map[string]*monitor
}

var (
	_ glovebox.Runtime    = (*Runtime)(nil)
	_ glovebox.Inventory  = (*Runtime)(nil)
	_ glovebox.ImageStore = (*Runtime)(nil)
	_ glovebox.Parker     = (*Runtime)(nil)
	_ glovebox.Saver      = (*Runtime)(nil)
)

// New prepares the work folder. It does not wait for containerd.
func New(c Config) (*Runtime, error) {
	c, err := c.check()
	if err != nil {
		return nil, err
	}
	groups, err := cgroup.Find()
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "find control groups: %w", err)
	}
	// containerd's client logs what it also returns, to the process's stderr.
	if err := log.SetLevel("panic"); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "silence containerd's client: %w", err)
	}
	r := &Runtime{config: c, groups: groups, monitors: map[string]*monitor{}}
	for dir, mode := range map[string]os.FileMode{c.Dir: 0o711, r.dir(): 0o711, r.imageDir(): 0o700, r.scratches(): 0o700, r.erofsDir(): 0o700, r.snapshotDir(): 0o700} {
		if err := os.MkdirAll(dir, mode); err != nil {
			return nil, glovebox.Errorf(glovebox.KindInternal, "make the work folder: %w", err)
		}
		if err := os.Chmod(dir, mode); err != nil { // the umask took part above
			return nil, glovebox.Errorf(glovebox.KindInternal, "make the work folder: %w", err)
		}
	}
	r.client, err = client.New(c.Daemon.Address,
		client.WithDefaultNamespace(c.Namespace),
		client.WithDialOpts([]grpc.DialOption{
			grpc.WithTransportCredentials(insecure.NewCredentials()), // a unix socket of root's
			grpc.WithContextDialer(dialer.ContextDialer),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: 10 * time.Millisecond, Multiplier: 2, MaxDelay: 200 * time.Millisecond},
				MinConnectTimeout: time.Second,
			}),
			grpc.WithDefaultCallOptions(grpc.WaitForReady(true)), // a containerd that is away comes back
		}))
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "containerd's client: %w", err)
	}
	r.tasks = r.client.TaskService()
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Close stops watching and frees the connection. Sandboxes live on, and another
// Runtime over the same folder takes them over.
func (r *Runtime) Close() error {
	r.cancel()
	r.lines.close()
	return r.client.Close()
}

// dir is the folder of all sandboxes, or of one, or a file in it.
func (r *Runtime) dir(elem ...string) string {
	return filepath.Join(append([]string{r.config.Dir, sandboxesDir}, elem...)...)
}

// group is the control group of a container.
func (r *Runtime) group(container string) *cgroup.Group {
	return r.groups.Group(r.cgroupOf(container))
}
