package task

import (
	"context"
	"fmt"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// What a single-use sandbox has no need for is refused by name, so that its
// absence is a decision one can see.
func refuse(what string) (*emptypb.Empty, error) {
	return nil, errgrpc.ToGRPC(fmt.Errorf("%s: %w", what, errdefs.ErrNotImplemented))
}

// Exec would start a second process; a sandbox runs one job.
func (s *Service) Exec(context.Context, *api.ExecProcessRequest) (*emptypb.Empty, error) {
	return refuse("exec")
}

// ResizePty is refused because there are no terminals.
func (s *Service) ResizePty(context.Context, *api.ResizePtyRequest) (*emptypb.Empty, error) {
	return refuse("terminals")
}

// Shutdown is what containerd calls after each delete. This process serves all
// sandboxes of the node and ends when its supervisor says so.
func (s *Service) Shutdown(context.Context, *api.ShutdownRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
