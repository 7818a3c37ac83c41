package memory

import (
	"context"
	"slices"
	"strings"

	"glovebox"
	"glovebox/store/internal/record"
)

// PutImage implements glovebox.Images.
func (s *Store) PutImage(ctx context.Context, img glovebox.Image, events ...glovebox.AuditEvent) error {
	_, body, err := record.Image(img)
	if err != nil {
		return err
	}
	if events, err = record.Events(events); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.images[imageName{img.Tenant, img.Name}] = body
	s.append(events)
	return nil
}

// Image implements glovebox.Images.
func (s *Store) Image(ctx context.Context, tenant, name string) (glovebox.Image, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return glovebox.Image{}, err
	}
	body, ok := s.images[imageName{tenant, name}]
	if !ok {
		return glovebox.Image{}, imageUnknown(name)
	}
	return record.ParseImage(body)
}

// Images implements glovebox.Images. One name of several tenants comes by
// tenant.
func (s *Store) Images(ctx context.Context, tenant string) ([]glovebox.Image, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	images := []glovebox.Image{}
	for n, body := range s.images {
		if tenant != glovebox.AnyTenant && tenant != n.tenant {
			continue
		}
		img, err := record.ParseImage(body)
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	slices.SortFunc(images, func(a, b glovebox.Image) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Tenant, b.Tenant)
	})
	return images, nil
}

// DeleteImage implements glovebox.Images.
func (s *Store) DeleteImage(ctx context.Context, tenant, name string, events ...glovebox.AuditEvent) error {
	events, err := record.Events(events)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if _, ok := s.images[imageName{tenant, name}]; !ok {
		return imageUnknown(name)
	}
	delete(s.images, imageName{tenant, name})
	s.append(events)
	return nil
}

func imageUnknown(name string) error {
	return glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", name)
}
