package local

import (
	"context"
	"math"

	"glovebox"
	"glovebox/internal/nodev1"
)

// Files keeps what tenants have handed over for their jobs.
type Files interface {
	// ReadFile calls send with the bytes of a tenant's file from offset on.
	// KindNotFound.
	ReadFile(ctx context.Context, tenant, digest string, offset int64, send func([]byte) error) error
}

// SetFiles names who keeps the files that jobs find in their sandboxes. It is
// called before Open.
func (p *Provider) SetFiles(f Files) { p.files = f }

func wireFiles(files []glovebox.InputFile) []*nodev1.InputFile {
	var all []*nodev1.InputFile
	for _, f := range files {
		all = append(all, &nodev1.InputFile{Path: f.Path, Digest: f.Digest, Size: f.Size, Mode: f.Mode})
	}
	return all
}

// artifacts is what a node says that an attempt has left, within what there can
// be; nil if that is nothing.
func (o *order) artifacts(s *nodev1.Sandbox) *glovebox.Artifacts {
	within := func(n, most int64) int64 { return min(max(n, 0), most) }
	a := glovebox.Artifacts{
		Bytes: within(s.GetArtifacts(), o.room), IndexBytes: within(s.GetArtifactsIndex(), min(o.room, glovebox.MaxArtifactIndex)),
		LeftOut: int(within(s.GetArtifactsLeftOut(), math.MaxInt32)), Truncated: s.GetArtifactsTruncated(),
	}
	if a == (glovebox.Artifacts{}) {
		return nil
	}
	return &a
}
