package task

import (
	"context"
	"fmt"
	"path/filepath"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox/shim/sandbox"
	"glovebox/shim/stdio"
)

// Create makes a sandbox up to the point where its job could start.
func (s *Service) Create(ctx context.Context, r *api.CreateTaskRequest) (*api.CreateTaskResponse, error) {
	sb, err := s.create(ctx, r)
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &api.CreateTaskResponse{Pid: uint32(sb.PID())}, nil
}

func (s *Service) create(ctx context.Context, r *api.CreateTaskRequest) (*sandbox.Sandbox, error) {
	k, err := keyFor(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Terminal:
		return nil, fmt.Errorf("terminals: %w", errdefs.ErrNotImplemented)
	case r.Checkpoint != "":
		return nil, fmt.Errorf("checkpoints: %w", errdefs.ErrNotImplemented)
	case len(r.Rootfs) > 0:
		return nil, fmt.Errorf("mounts for the root: images are given as files: %w", errdefs.ErrNotImplemented)
	case !filepath.IsAbs(r.Bundle):
		return nil, fmt.Errorf("bundle %q is not an absolute path: %w", r.Bundle, errdefs.ErrInvalidArgument)
	}
	if err := s.reserve(k); err != nil {
		return nil, err
	}
	sb, err := s.host.Create(ctx, sandbox.Request{
		Namespace: k.namespace, ID: k.id, Bundle: r.Bundle,
		Stdio: stdio.Paths{In: r.Stdin, Out: r.Stdout, Err: r.Stderr},
	})
	s.settle(k, sb)
	return sb, err
}

// Start lets the job run.
func (s *Service) Start(ctx context.Context, r *api.StartRequest) (*api.StartResponse, error) {
	sb, err := s.find(ctx, r.ID, r.ExecID)
	if err == nil {
		err = sb.Start()
	}
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &api.StartResponse{Pid: uint32(sb.PID())}, nil
}

// Wait answers when the sandbox has ended, at once if it has already.
func (s *Service) Wait(ctx context.Context, r *api.WaitRequest) (*api.WaitResponse, error) {
	sb, err := s.find(ctx, r.ID, r.ExecID)
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	select {
	case <-sb.Done():
	case <-ctx.Done():
		return nil, errgrpc.ToGRPC(ctx.Err())
	}
	_, exit := sb.Status()
	return &api.WaitResponse{ExitStatus: exit.Status, ExitedAt: timestamppb.New(exit.At)}, nil
}

// Kill sends a signal.
func (s *Service) Kill(ctx context.Context, r *api.KillRequest) (*emptypb.Empty, error) {
	return s.do(ctx, r.ID, r.ExecID, func(sb *sandbox.Sandbox) error { return sb.Kill(unix.Signal(r.Signal), r.All) })
}

// Pause stops all processes of a sandbox.
func (s *Service) Pause(ctx context.Context, r *api.PauseRequest) (*emptypb.Empty, error) {
	return s.do(ctx, r.ID, "", (*sandbox.Sandbox).Pause)
}

// Resume lets them go on.
func (s *Service) Resume(ctx context.Context, r *api.ResumeRequest) (*emptypb.Empty, error) {
	return s.do(ctx, r.ID, "", (*sandbox.Sandbox).Resume)
}

// CloseIO ends the job's input, as far as the shim kept it open.
func (s *Service) CloseIO(ctx context.Context, r *api.CloseIORequest) (*emptypb.Empty, error) {
	return s.do(ctx, r.ID, r.ExecID, func(sb *sandbox.Sandbox) error {
		if r.Stdin {
			sb.CloseInput()
		}
		return nil
	})
}

func (s *Service) do(ctx context.Context, id, execID string, f func(*sandbox.Sandbox) error) (*emptypb.Empty, error) {
	sb, err := s.find(ctx, id, execID)
	if err == nil {
		err = f(sb)
	}
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &emptypb.Empty{}, nil
}

// Delete removes a sandbox that has ended or was never started. An unknown id
// is answered with "not found" after making sure that nothing is left of it.
func (s *Service) Delete(ctx context.Context, r *api.DeleteRequest) (*api.DeleteResponse, error) {
	sb, err := s.find(ctx, r.ID, r.ExecID)
	if errdefs.IsNotFound(err) && r.ExecID == "" {
		err = s.deleteUnknown(ctx, r.ID, err)
	}
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	exit, err := sb.Delete()
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	s.forget(sb)
	return &api.DeleteResponse{
		Pid: uint32(sb.PID()), ExitStatus: exit.Status, ExitedAt: timestamppb.New(exit.At),
	}, nil
}

func (s *Service) deleteUnknown(ctx context.Context, id string, notFound error) error {
	k, err := keyFor(ctx, id)
	if err != nil {
		return err
	}
	// Holding the id keeps a concurrent Create out while files are removed.
	if err := s.reserve(k); err != nil {
		return notFound
	}
	defer s.settle(k, nil)
	if _, err := s.host.Cleanup(k.namespace, k.id); err != nil {
		return err
	}
	return notFound
}
