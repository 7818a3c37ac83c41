package dynamodb

import (
	"cmp"
	"context"
	"slices"

	"glovebox"
	"glovebox/store/internal/record"
)

func imageUnknown(name string) error {
	return glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", name)
}

// PutImage implements glovebox.Images.
func (s *Store) PutImage(ctx context.Context, img glovebox.Image, events ...glovebox.AuditEvent) error {
	made, body, err := record.Image(img)
	if err != nil {
		return err
	}
	if events, err = record.Events(events); err != nil {
		return err
	}
	k := imageKey(made.Tenant, made.Name)
	switch {
	case !k.possible():
		return glovebox.Errorf(glovebox.KindInvalid, "a name of %d bytes", len(made.Name)).On("name")
	case len(body) > maxItemBytes:
		return tooLarge("an image's record", len(body))
	}
	return s.write(ctx, "keeping an image", chainsOf(events), func(t *tx) error {
		it := k.item()
		it[attrBody] = bin(body)
		t.put(it, cond{}, nil)
		return s.append(ctx, t, events)
	})
}

// Image implements glovebox.Images.
func (s *Store) Image(ctx context.Context, tenant, name string) (glovebox.Image, error) {
	if err := s.usable(ctx); err != nil {
		return glovebox.Image{}, err
	}
	it, err := s.get(ctx, imageKey(tenant, name))
	if err != nil {
		return glovebox.Image{}, fault(ctx, err, "reading an image")
	}
	if it == nil {
		return glovebox.Image{}, imageUnknown(name)
	}
	return record.ParseImage(binOf(it, attrBody))
}

// Images implements glovebox.Images. One name of several tenants comes by tenant.
func (s *Store) Images(ctx context.Context, tenant string) ([]glovebox.Image, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	spans := []span{inTable([]byte{'M', shardOf(tenant)}, part(nil, tenant), append(part(nil, tenant), 255))}
	if tenant == glovebox.AnyTenant {
		spans = nil
		for shard := range byte(shards) {
			spans = append(spans, inTable([]byte{'M', shard}, none, []byte{255, 255}))
		}
	}
	images := []glovebox.Image{}
	for _, p := range spans {
		err := s.each(ctx, p, func(it item) (bool, error) {
			img, err := record.ParseImage(binOf(it, attrBody))
			images = append(images, img)
			return true, err
		})
		if err != nil {
			return nil, fault(ctx, err, "listing images")
		}
	}
	slices.SortFunc(images, func(a, b glovebox.Image) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Tenant, b.Tenant))
	})
	return images, nil
}

// DeleteImage implements glovebox.Images.
func (s *Store) DeleteImage(ctx context.Context, tenant, name string, events ...glovebox.AuditEvent) error {
	events, err := record.Events(events)
	if err != nil {
		return err
	}
	k := imageKey(tenant, name)
	if !k.possible() {
		return imageUnknown(name)
	}
	return s.write(ctx, "removing an image", chainsOf(events), func(t *tx) error {
		t.delete(k, cond{text: "attribute_exists(pk)"}, func(item) error { return imageUnknown(name) })
		return s.append(ctx, t, events)
	})
}
