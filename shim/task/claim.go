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
	"glovebox/shim/stdio"
)

// ClaimType is the type of the resources by which Update gives a parked
// sandbox to a job. The value is a Claim as JSON.
const ClaimType = "dev.glovebox.claim"

// Claim is a job for a parked sandbox.
type Claim struct {
	// Spec is the job's OCI specification, as it would be in a bundle.
	Spec json.RawMessage `json:"spec"`
	// The pipes of the standard streams, as in a request to create a task.
	Stdin  string `json:"stdin"`
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	// What the job gets besides its image's files.
	sandbox.Given
}

// Update gives a parked sandbox to a job, or a job its files. Nothing else can
// be changed: limits are set before a job runs.
func (s *Service) Update(ctx context.Context, r *api.UpdateTaskRequest) (*emptypb.Empty, error) {
	if r.Resources != nil && r.Resources.TypeUrl == FilesType {
		return s.do(ctx, r.ID, "", giveFiles(r.Resources.Value))
	}
	if r.Resources == nil || r.Resources.TypeUrl != ClaimType {
		return refuse("changing limits")
	}
	var c Claim
	if err := json.Unmarshal(r.Resources.Value, &c); err != nil {
		return nil, errgrpc.ToGRPC(fmt.Errorf("claim: %w: %w", err, errdefs.ErrInvalidArgument))
	}
	return s.do(ctx, r.ID, "", func(sb *sandbox.Sandbox) error {
		return sb.Claim(c.Spec, stdio.Paths{In: c.Stdin, Out: c.Stdout, Err: c.Stderr}, c.Given)
	})
}
