package local

import (
	"context"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"

	"google.golang.org/protobuf/types/known/durationpb"
)

// newOrder turns a placed job into its wire form. It needs no lock.
func (p *Provider) newOrder(ctx context.Context, job glovebox.Job, r glovebox.Resource) (*order, error) {
	began := !job.StartedAt.IsZero() || job.Status.Ended()
	img, err := p.images.ByDigest(ctx, job.Image.Digest)
	switch kind := glovebox.KindOf(err); {
	case began && (kind == glovebox.KindImageUnknown || kind == glovebox.KindNotFound):
		img = glovebox.Image{Digest: job.Image.Digest} // what runs does not need it any more
	case err != nil:
		return nil, err
	}
	img.Name = job.Image.Name
	access, err := p.access(ctx, job)
	if err != nil {
		return nil, err
	}
	l := job.Spec.Limits
	if l.Artifacts == 0 { // accepted by a version that had none
		l.Artifacts = glovebox.DefaultLimits().Artifacts
	}
	return &order{
		node: r.Node, job: job.ID, attempt: r.Attempt, image: img, limit: l.Output, room: l.Artifacts, began: began,
		wire: &nodev1.Order{
			Job: job.ID, Attempt: int32(r.Attempt), Grace: durationpb.New(glovebox.StopGrace), Access: access,
			Work: &nodev1.Work{
				Tenant: job.Tenant, Image: wireImage(img), Runtime: job.Spec.Runtime,
				Args: job.Command.Args, Env: job.Command.Env, Workdir: job.Command.Workdir, User: job.Command.User,
				Timeout: durationpb.New(time.Duration(job.Spec.Timeout)),
				Limits: &nodev1.Limits{Memory: l.Memory, Cpus: l.CPUs, Pids: l.Pids, Disk: l.Disk,
					Inodes: l.Inodes, Files: l.Files, Output: l.Output, Artifacts: l.Artifacts},
				Files: wireFiles(job.Spec.Files),
				Stdin: job.Spec.StdinStream, Snapshot: job.Command.Snapshot, Template: job.Spec.Template,
			},
		},
	}, nil
}

func cloneOrder(o *nodev1.Order) *nodev1.Order {
	return &nodev1.Order{Job: o.Job, Attempt: o.Attempt, Stop: o.Stop, Grace: o.Grace, Work: o.Work, Access: o.Access}
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
