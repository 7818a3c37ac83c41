package apitest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"sync"
	"time"

	"glovebox"
	"glovebox/api"
)

// Images is an api.ImageService that takes whatever it is given for an image.
type Images struct {
	Faults

	// Progress is what a pull goes through.
	Progress []api.PullProgress

	mu     sync.Mutex
	images []glovebox.Image
}

// Import implements api.ImageService: one image of all the bytes.
func (s *Images) Import(_ context.Context, p glovebox.Principal, name string, r io.Reader) ([]glovebox.Image, error) {
	if err := s.fail("Import"); err != nil {
		return nil, err
	}
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = "imported:latest"
	}
	return []glovebox.Image{s.put(p, name, "import", "sha256:"+hex.EncodeToString(h.Sum(nil)), n)}, nil
}

func (s *Images) put(p glovebox.Principal, name, source, digest string, size int64) glovebox.Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	img := glovebox.Image{
		Tenant: p.Tenant, Name: name, Digest: digest, Platform: "linux/amd64", Size: size, Unpacked: size,
		Source: source, Created: time.Now().UTC(),
	}
	s.images = append(s.images, img)
	return img
}

// Pull implements api.ImageService.
func (s *Images) Pull(ctx context.Context, p glovebox.Principal, name string, progress func(api.PullProgress)) (glovebox.Image, error) {
	if err := s.fail("Pull"); err != nil {
		return glovebox.Image{}, err
	}
	for _, step := range s.Progress {
		progress(step)
	}
	if err := ctx.Err(); err != nil {
		return glovebox.Image{}, err
	}
	digest := sha256.Sum256([]byte(name))
	return s.put(p, name, "registry", "sha256:"+hex.EncodeToString(digest[:]), 1), nil
}

// Images implements api.ImageService.
func (s *Images) Images(_ context.Context, p glovebox.Principal) ([]glovebox.Image, error) {
	if err := s.fail("Images"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []glovebox.Image
	for _, img := range s.images {
		if img.Tenant == p.Tenant {
			all = append(all, img)
		}
	}
	return all, nil
}

// Inspect implements api.ImageService: every image has pip in it, and listens at
// one port.
func (s *Images) Inspect(_ context.Context, p glovebox.Principal, name string) (api.Inspection, error) {
	if err := s.fail("Inspect"); err != nil {
		return api.Inspection{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, img := range s.images {
		if img.Tenant == p.Tenant && img.Name == name {
			img.Defaults = glovebox.Defaults{Entrypoint: []string{"python3"}, Cmd: []string{"-m", "app"}, Workdir: "/srv", User: "app"}
			return api.Inspection{Image: img, Listens: []string{"8080/tcp"}, Managers: []string{"pip"}, Egress: []glovebox.EgressRule{
				{Name: "pypi.org:443", Domain: "pypi.org", Port: 443, Protocol: glovebox.EgressTLS},
			}}, nil
		}
	}
	return api.Inspection{}, glovebox.Errorf(glovebox.KindImageUnknown, "there is no image %q", name).On("containerImage")
}

// Remove implements api.ImageService.
func (s *Images) Remove(_ context.Context, p glovebox.Principal, name string) error {
	if err := s.fail("Remove"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, img := range s.images {
		if img.Tenant == p.Tenant && img.Name == name {
			s.images = append(s.images[:i:i], s.images[i+1:]...)
			return nil
		}
	}
	return glovebox.Errorf(glovebox.KindImageUnknown, "there is no image %q", name).On("name")
}
