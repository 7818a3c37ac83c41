package containerd

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
)

// ended is how a task ended.
type ended struct {
	Status uint32
	At     *timestamppb.Timestamp
}

// waitShim asks the shim itself, past containerd. A containerd that starts
// drops the tasks that ended while it was away, and their status with them
// (stock shims name no process of theirs then, and count as leaked).
func (r *Runtime) waitShim(ctx context.Context, rec record) (ended, error) {
	if rec.Runtime == glovebox.RuntimeGVisor {
		l, err := r.shim(ctx)
		if err != nil {
			return ended{}, err
		}
		return r.waitAt(ctx, l, rec.Container)
	}
	conn, err := r.dialShim(ctx, rec.Container)
	if err != nil {
		return ended{}, err
	}
	c := ttrpc.NewClient(conn)
	defer c.Close()
	return r.waitAt(ctx, task.NewTTRPCTaskClient(c), rec.Container)
}

func (r *Runtime) waitAt(ctx context.Context, shim task.TTRPCTaskService, container string) (ended, error) {
	resp, err := shim.Wait(r.spoken(ctx), &task.WaitRequest{ID: container})
	if err != nil {
		return ended{}, err
	}
	return ended{resp.ExitStatus, resp.ExitedAt}, nil
}

// dialShim reads from the bundle where the shim listens, as containerd does
// when it starts.
func (r *Runtime) dialShim(ctx context.Context, id string) (net.Conn, error) {
	b, err := os.ReadFile(filepath.Join(r.config.Daemon.bundle(r.config.Namespace, id), "bootstrap.json"))
	if err != nil {
		return nil, err
	}
	var at struct {
		Version           int
		Address, Protocol string
	}
	if err := json.Unmarshal(b, &at); err != nil {
		return nil, err
	}
	path, unix := strings.CutPrefix(at.Address, "unix://")
	if !unix || at.Protocol != "ttrpc" || at.Version != taskVersion {
		return nil, os.ErrInvalid
	}
	d := net.Dialer{Timeout: time.Second}
	return d.DialContext(ctx, "unix", path)
}
