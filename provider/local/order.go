package local

import (
	"context"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// newOrder turns a placed job into its wire form. It needs no lock.
func (p *Provider) newOrder(ctx context.Context, job glovebox.Job, r glovebox.Resource) (*order, error) {
	img, err := p.images.ByDigest(ctx, job.Image.Digest)
	if err != nil {
		return nil, err
	}
	img.Name = job.Image.Name
	l := job.Spec.Limits
	return &order{
		node: r.Node, job: job.ID, attempt: r.Attempt, image: img, limit: l.Output,
		exited: job.Status.Ended(),
		wire: &nodev1.Order{
			Job: job.ID, Attempt: int32(r.Attempt), Grace: durationpb.New(glovebox.StopGrace),
			Work: &nodev1.Work{
				Tenant: job.Tenant, Image: wireImage(img), Runtime: job.Spec.Runtime,
				Args: job.Command.Args, Env: job.Command.Env, Workdir: job.Command.Workdir, User: job.Command.User,
				Timeout: durationpb.New(time.Duration(job.Spec.Timeout)),
				Limits: &nodev1.Limits{Memory: l.Memory, Cpus: l.CPUs, Pids: l.Pids, Disk: l.Disk,
					Inodes: l.Inodes, Files: l.Files, Output: l.Output},
				Stdin: job.Spec.StdinStream,
			},
		},
	}, nil
}

func cloneOrder(o *nodev1.Order) *nodev1.Order {
	return &nodev1.Order{Job: o.Job, Attempt: o.Attempt, Stop: o.Stop, Grace: o.Grace, Work: o.Work}
}

func wireImage(img glovebox.Image) *nodev1.Image {
	w := &nodev1.Image{Name: img.Name, Digest: img.Digest, Platform: img.Platform, Size: img.Size,
		Unpacked: img.Unpacked, Config: wireBlob(img.Config)}
	for _, l := range img.Layers {
		w.Layers = append(w.Layers, &nodev1.Layer{Blob: wireBlob(l.Blob), DiffId: l.DiffID})
	}
	return w
}

func wireBlob(b glovebox.Blob) *nodev1.Blob {
	return &nodev1.Blob{Digest: b.Digest, Size: b.Size, MediaType: b.MediaType}
}

// report turns what a node says of a sandbox into a report, or nil if it is no
// news to anybody.
func report(s *nodev1.Sandbox) *glovebox.Report {
	r := &glovebox.Report{Job: s.GetJob(), Attempt: int(s.GetAttempt())}
	switch s.GetPhase() {
	case nodev1.Phase_PHASE_RUNNING:
		r.Started = s.GetStarted().AsTime()
	case nodev1.Phase_PHASE_EXITED:
		r.Exit = exit(s)
	default:
		return nil
	}
	return r
}

func exit(s *nodev1.Sandbox) *glovebox.NodeExit {
	e := s.GetExit()
	x := &glovebox.NodeExit{Stdout: s.GetStdout(), Stderr: s.GetStderr(), Truncated: s.GetTruncated()}
	if e.GetStarted() {
		x.Result = &glovebox.Result{
			ExitCode: int(e.GetCode()), Signal: int(e.GetSignal()),
			Usage: glovebox.Usage{MemoryPeak: e.GetMemoryPeak(), CPUTime: glovebox.Duration(e.GetCpuTime().AsDuration())},
		}
		if s.GetStarted() != nil && e.GetEnded() != nil {
			x.Result.Duration = glovebox.Duration(e.GetEnded().AsTime().Sub(s.GetStarted().AsTime()))
		}
	}
	if f := e.GetFault(); f != nil {
		x.Fault = &glovebox.Error{Kind: glovebox.Kind(f.GetKind()), Field: f.GetField(), Message: f.GetMessage(), Hint: f.GetHint()}
	}
	return x
}

// sameSandbox says whether two descriptions are equal, so that repeated calls
// cause no repeated reports.
func sameSandbox(a, b *nodev1.Sandbox) bool { return a != nil && proto.Equal(a, b) }
