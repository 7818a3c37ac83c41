package task

import (
	"context"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A third service hands over what a job has left. Its one method takes a
// CheckpointTaskRequest, whose path is that of a named pipe that the caller
// reads, and answers when the sandbox writes into it: see sandbox.Collect.
const (
	CollectService = "dev.glovebox.Collect"
	CollectMethod  = "Collect"
)

// RegisterCollect serves it.
func RegisterCollect(server *ttrpc.Server, s *Service) {
	server.RegisterService(CollectService, &ttrpc.ServiceDesc{Methods: map[string]ttrpc.Method{
		CollectMethod: func(ctx context.Context, decode func(any) error) (any, error) {
			var r api.CheckpointTaskRequest
			if err := decode(&r); err != nil {
				return nil, err
			}
			return s.Collect(ctx, &r)
		},
	}})
}

// Collect has a sandbox whose job has ended write what that has left.
func (s *Service) Collect(ctx context.Context, r *api.CheckpointTaskRequest) (*emptypb.Empty, error) {
	sb, err := s.find(ctx, r.ID, "")
	if err == nil {
		err = sb.Collect(r.Path)
	}
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &emptypb.Empty{}, nil
}
