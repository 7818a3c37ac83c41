package task

import (
	"context"

	v1 "github.com/containerd/cgroups/v3/cgroup1/stats"
	v2 "github.com/containerd/cgroups/v3/cgroup2/stats"
	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/containerd/typeurl/v2"

	"glovebox/shim/cgroup"
)

// Stats answers with containerd's own metrics message for the host's kind of
// control groups, filled as far as a sandbox is measured.
func (s *Service) Stats(ctx context.Context, r *api.StatsRequest) (*api.StatsResponse, error) {
	sb, err := s.find(ctx, r.ID, "")
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	c, err := sb.Counters()
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	var metrics any = v1Metrics(c)
	if sb.Unified() {
		metrics = v2Metrics(c)
	}
	stats, err := typeurl.MarshalAnyToProto(metrics)
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &api.StatsResponse{Stats: stats}, nil
}

func v1Metrics(c cgroup.Counters) *v1.Metrics {
	return &v1.Metrics{
		CPU:              &v1.CPUStat{Usage: &v1.CPUUsage{Total: c.CPU}},
		Memory:           &v1.MemoryStat{Usage: &v1.MemoryEntry{Usage: c.Memory, Max: c.MemoryPeak}},
		MemoryOomControl: &v1.MemoryOomControl{OomKill: c.OOMKills},
		Pids:             &v1.PidsStat{Current: c.Tasks},
	}
}

func v2Metrics(c cgroup.Counters) *v2.Metrics {
	return &v2.Metrics{
		CPU:          &v2.CPUStat{UsageUsec: c.CPU / 1000},
		Memory:       &v2.MemoryStat{Usage: c.Memory, MaxUsage: c.MemoryPeak},
		MemoryEvents: &v2.MemoryEvents{OomKill: c.OOMKills},
		Pids:         &v2.PidsStat{Current: c.Tasks},
	}
}
