package task

import (
	"context"
	"os"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	taskapi "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox/shim/sandbox"
)

var statusOf = map[sandbox.Status]taskapi.Status{
	sandbox.Created: taskapi.Status_CREATED,
	sandbox.Running: taskapi.Status_RUNNING,
	sandbox.Paused:  taskapi.Status_PAUSED,
	sandbox.Stopped: taskapi.Status_STOPPED,
}

// State tells where a sandbox is in its life.
func (s *Service) State(ctx context.Context, r *api.StateRequest) (*api.StateResponse, error) {
	sb, err := s.find(ctx, r.ID, r.ExecID)
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	status, exit := sb.Status()
	pipes := sb.StdioPaths()
	resp := &api.StateResponse{
		ID: sb.ID, Bundle: sb.Bundle, Pid: uint32(sb.PID()), Status: statusOf[status],
		Stdin: pipes.In, Stdout: pipes.Out, Stderr: pipes.Err,
	}
	if status == sandbox.Stopped {
		resp.ExitStatus, resp.ExitedAt = exit.Status, timestamppb.New(exit.At)
	}
	return resp, nil
}

// Pids lists host processes. A sandbox that has ended still answers with its
// own: containerd takes an empty list for a leaked shim and deletes the task.
func (s *Service) Pids(ctx context.Context, r *api.PidsRequest) (*api.PidsResponse, error) {
	sb, err := s.find(ctx, r.ID, "")
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	pids, err := sb.Processes()
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	resp := &api.PidsResponse{}
	for _, pid := range pids {
		resp.Processes = append(resp.Processes, &taskapi.ProcessInfo{Pid: uint32(pid)})
	}
	return resp, nil
}

// Connect tells containerd whom it talks to.
func (s *Service) Connect(ctx context.Context, r *api.ConnectRequest) (*api.ConnectResponse, error) {
	sb, err := s.find(ctx, r.ID, "")
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &api.ConnectResponse{ShimPid: uint32(os.Getpid()), TaskPid: uint32(sb.PID()), Version: "3"}, nil
}
