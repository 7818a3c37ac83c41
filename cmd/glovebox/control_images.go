package main

import (
	"context"
	"io"
	"sync"

	"glovebox"
	"glovebox/api"
	"glovebox/images"
)

// shelf is the library as the API, the orchestrator and the provider want it.
type shelf struct {
	*images.Library
	records glovebox.Images
	stock   *images.Stock

	mu    sync.Mutex
	known map[string]glovebox.Image // by digest: what jobs were placed with
}

// maxKnown bounds what is kept in memory; the rest is read again.
const maxKnown = 1000

func newShelf(records glovebox.Images, stock *images.Stock, tmp string) *shelf {
	return &shelf{
		Library: &images.Library{
			Images: records,
			Puller: &images.Puller{Stock: stock, Credentials: images.DefaultCredentials()}, Importer: &images.Importer{Stock: stock, Dir: tmp},
		},
		records: records, stock: stock, known: map[string]glovebox.Image{},
	}
}

func (s *shelf) close() { s.Puller.Close() }

// Normalize implements orchestrator.Images.
func (s *shelf) Normalize(name string) (string, error) { return images.Normalize(name) }

// Find implements orchestrator.Images.
func (s *shelf) Find(ctx context.Context, tenant, name string) (glovebox.Image, error) {
	img, err := s.Library.Resolve(ctx, tenant, name, glovebox.PullNever)
	return s.remember(ctx, img, err)
}

// Resolve implements orchestrator.Images.
func (s *shelf) Resolve(ctx context.Context, tenant, name, policy string) (glovebox.Image, error) {
	img, err := s.Library.Resolve(ctx, tenant, name, policy)
	return s.remember(ctx, img, err)
}

// remember makes an image that was found known by its digest.
func (s *shelf) remember(ctx context.Context, img glovebox.Image, err error) (glovebox.Image, error) {
	if err != nil {
		return img, err
	}
	s.mu.Lock()
	_, known := s.known[img.Digest]
	s.mu.Unlock()
	if known {
		return img, nil
	}
	if err := s.stock.Remember(ctx, img); err != nil {
		return img, err
	}
	s.keep(img)
	return img, nil
}

func (s *shelf) keep(img glovebox.Image) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	s.known[img.Digest] = img
}

// ByDigest implements local.Images.
func (s *shelf) ByDigest(ctx context.Context, digest string) (glovebox.Image, error) {
	s.mu.Lock()
	img, ok := s.known[digest]
	s.mu.Unlock()
	if ok {
		return img, nil
	}
	img, err := s.stock.Recall(ctx, digest)
	if err != nil {
		return img, err
	}
	s.keep(img)
	return img, nil
}

// ReadBlob implements local.Images.
func (s *shelf) ReadBlob(ctx context.Context, digest string, offset int64, send func([]byte) error) error {
	return s.Blob(ctx, digest, offset, sender(send))
}

type sender func([]byte) error

// maxPiece bounds one message.
const maxPiece = 256 << 10

func (f sender) Write(p []byte) (int, error) {
	for sent := 0; sent < len(p); {
		end := min(len(p), sent+maxPiece)
		if err := f(p[sent:end]); err != nil {
			return sent, err
		}
		sent = end
	}
	return len(p), nil
}

// Import implements api.ImageService.
func (s *shelf) Import(ctx context.Context, p glovebox.Principal, name string, r io.Reader) ([]glovebox.Image, error) {
	return s.Library.Import(ctx, r, images.Import{Tenant: p.Tenant, By: p.Name, Name: name})
}

// Pull implements api.ImageService.
func (s *shelf) Pull(ctx context.Context, p glovebox.Principal, name string, progress func(api.PullProgress)) (glovebox.Image, error) {
	var mu sync.Mutex // blobs come several at a time
	img, err := s.Puller.Pull(ctx, p.Tenant, name, func(digest string, done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		progress(api.PullProgress{Phase: "fetch", Layer: digest, Done: done, Total: total})
	})
	if err == nil {
		err = s.records.PutImage(ctx, img, s.Event(p.Name, img))
	}
	return img, err
}

// Images implements api.ImageService.
func (s *shelf) Images(ctx context.Context, p glovebox.Principal) ([]glovebox.Image, error) {
	return s.records.Images(ctx, p.Tenant)
}

// Inspect implements api.ImageService.
func (s *shelf) Inspect(ctx context.Context, p glovebox.Principal, name string) (api.Inspection, error) {
	img, h, err := s.Library.Inspect(ctx, p.Tenant, name)
	return api.Inspection{Image: img, Listens: h.Listens, Managers: h.Managers, Egress: h.Egress}, err
}

// Remove implements api.ImageService.
func (s *shelf) Remove(ctx context.Context, p glovebox.Principal, name string) error {
	return s.Library.Remove(ctx, p.Name, p.Tenant, name)
}
