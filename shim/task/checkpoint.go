package task

import (
	"context"
	"encoding/json"
	"fmt"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"glovebox/shim/sandbox"
)

// SaveType is the type of the options of Checkpoint. The value is a Save as
// JSON. Without options the job goes on.
const SaveType = "dev.glovebox.save"

// Save says how a sandbox is to be saved.
type Save struct {
	// End kills the job in the state that was saved.
	End bool `json:"end"`
}

// Checkpoint saves a running sandbox into an empty folder. A sandbox is parked
// from it by the annotation "dev.glovebox.snapshot", as often as one likes.
func (s *Service) Checkpoint(ctx context.Context, r *api.CheckpointTaskRequest) (*emptypb.Empty, error) {
	var save Save
	if o := r.Options; o != nil {
		if o.TypeUrl != SaveType {
			return nil, errgrpc.ToGRPC(fmt.Errorf("options of type %q: %w", o.TypeUrl, errdefs.ErrInvalidArgument))
		}
		if err := json.Unmarshal(o.Value, &save); err != nil {
			return nil, errgrpc.ToGRPC(fmt.Errorf("options: %w: %w", err, errdefs.ErrInvalidArgument))
		}
	}
	return s.do(ctx, r.ID, "", func(sb *sandbox.Sandbox) error { return sb.Save(r.Path, save.End) })
}
