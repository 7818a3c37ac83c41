package task

import (
	"context"
	"encoding/json"
	"fmt"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/types/known/anypb"
)

// A second service beside the task API tells what jobs are seen to do, while
// they run and after. Its one method takes a StatsRequest and returns a
// StatsResponse whose statistics are a seen.Report as JSON.
const (
	WatchService = "dev.glovebox.Watch"
	SeenMethod   = "Seen"
	SeenType     = "dev.glovebox.seen"
)

// RegisterWatch serves it.
func RegisterWatch(server *ttrpc.Server, s *Service) {
	server.RegisterService(WatchService, &ttrpc.ServiceDesc{Methods: map[string]ttrpc.Method{
		SeenMethod: func(ctx context.Context, decode func(any) error) (any, error) {
			var r api.StatsRequest
			if err := decode(&r); err != nil {
				return nil, err
			}
			return s.Seen(ctx, &r)
		},
	}})
}

// Seen tells what a job was seen to do until now. It is a failed precondition
// to ask for that of a sandbox without a job, or of one that is not watched.
func (s *Service) Seen(ctx context.Context, r *api.StatsRequest) (*api.StatsResponse, error) {
	sb, err := s.find(ctx, r.ID, "")
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	report, err := sb.Seen()
	if err == nil && report == nil {
		err = fmt.Errorf("sandbox %s is not watched: %w", r.ID, errdefs.ErrFailedPrecondition)
	}
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	value, err := json.Marshal(report)
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &api.StatsResponse{Stats: &anypb.Any{TypeUrl: SeenType, Value: value}}, nil
}
