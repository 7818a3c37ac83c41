package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"glovebox"
	"glovebox/store/internal/record"
)

// PutImage implements glovebox.Images.
func (s *Store) PutImage(ctx context.Context, img glovebox.Image, events ...glovebox.AuditEvent) error {
	stored, body, err := record.Image(img)
	if err != nil {
		return err
	}
	if events, err = record.Events(events); err != nil {
		return err
	}
	return s.writer.do(ctx, glovebox.Durable, func(t *statements) error {
		if err := t.exec(t.putImage, stored.Tenant, stored.Name, string(body)); err != nil {
			return err
		}
		return t.append(events)
	})
}

// Image implements glovebox.Images.
func (s *Store) Image(ctx context.Context, tenant, name string) (glovebox.Image, error) {
	var body []byte
	err := s.readers.QueryRowContext(ctx, "SELECT body FROM images WHERE tenant = ? AND name = ?", tenant, name).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return glovebox.Image{}, imageUnknown(name)
	}
	if err != nil {
		return glovebox.Image{}, readFault(ctx, err, "reading an image")
	}
	return record.ParseImage(body)
}

// Images implements glovebox.Images. One name of several tenants comes by
// tenant.
func (s *Store) Images(ctx context.Context, tenant string) ([]glovebox.Image, error) {
	text, args := "SELECT body FROM images WHERE tenant = ? ORDER BY name", []any{tenant}
	if tenant == glovebox.AnyTenant {
		text, args = "SELECT body FROM images ORDER BY name, tenant", nil
	}
	rows, err := s.readers.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, readFault(ctx, err, "listing images")
	}
	images, err := collect(rows, record.ParseImage)
	if err != nil {
		return nil, readFault(ctx, err, "listing images")
	}
	return images, nil
}

// DeleteImage implements glovebox.Images.
func (s *Store) DeleteImage(ctx context.Context, tenant, name string, events ...glovebox.AuditEvent) error {
	events, err := record.Events(events)
	if err != nil {
		return err
	}
	return s.writer.do(ctx, glovebox.Durable, func(t *statements) error {
		r, err := t.deleteImage.ExecContext(context.Background(), tenant, name)
		if err != nil {
			return err
		}
		switch n, err := r.RowsAffected(); {
		case err != nil:
			return err
		case n == 0:
			return imageUnknown(name)
		}
		return t.append(events)
	})
}

func imageUnknown(name string) error {
	return glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", name)
}
