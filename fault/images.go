package fault

import (
	"context"

	"glovebox"
)

// Resolver is how an orchestrator looks for images.
type Resolver interface {
	Normalize(name string) (string, error)
	Find(ctx context.Context, tenant, name string) (glovebox.Image, error)
	Resolve(ctx context.Context, tenant, name, policy string) (glovebox.Image, error)
}

// Images makes the calls of a library of images fail: "images." and the
// method's name. Normalize looks at nothing but the name and cannot fail so.
func Images(p *Process, r Resolver) Resolver { return &images{r, p} }

type images struct {
	Resolver
	p *Process
}

func (i *images) Find(ctx context.Context, tenant, name string) (glovebox.Image, error) {
	return through(i.p, "images.Find", func() (glovebox.Image, error) { return i.Resolver.Find(ctx, tenant, name) })
}

// Resolve fails as a registry does that does not answer.
func (i *images) Resolve(ctx context.Context, tenant, name, policy string) (glovebox.Image, error) {
	img, err := through(i.p, "images.Resolve", func() (glovebox.Image, error) { return i.Resolver.Resolve(ctx, tenant, name, policy) })
	if glovebox.KindOf(err) == glovebox.KindUnavailable {
		err = glovebox.Errorf(glovebox.KindUnreachable, "fetch %s: %w", name, err)
	}
	return img, err
}

// Courier is how a provider finds what its nodes need of an image.
type Courier interface {
	ByDigest(ctx context.Context, digest string) (glovebox.Image, error)
	ReadBlob(ctx context.Context, digest string, offset int64, send func([]byte) error) error
}

// Layers makes the calls of a courier fail: "images." and the method's name.
func Layers(p *Process, c Courier) Courier { return &courier{c, p} }

type courier struct {
	Courier
	p *Process
}

func (c *courier) ByDigest(ctx context.Context, digest string) (glovebox.Image, error) {
	return through(c.p, "images.ByDigest", func() (glovebox.Image, error) { return c.Courier.ByDigest(ctx, digest) })
}

func (c *courier) ReadBlob(ctx context.Context, digest string, offset int64, send func([]byte) error) error {
	return run(c.p, "images.ReadBlob", func() error { return c.Courier.ReadBlob(ctx, digest, offset, send) })
}
