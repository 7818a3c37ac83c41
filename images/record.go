package images

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"glovebox"
)

// recordKey is where an image's record is kept under its digest.
func recordKey(hex string) string { return "images/record/" + hex }

// Remember keeps the record of an image under its digest, where it outlives the
// name: a job that was placed with the image may still have to be told to a node
// after the name was moved or removed. The Collector removes it with the blobs.
func (s *Stock) Remember(ctx context.Context, img glovebox.Image) error {
	data, err := json.Marshal(img)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "write the record of %s: %w", img.Digest, err)
	}
	_, err = s.Blobs.Put(ctx, recordKey(strings.TrimPrefix(img.Digest, "sha256:")), bytes.NewReader(data))
	if glovebox.KindOf(err) == glovebox.KindConflict {
		return nil // it is there already
	}
	return err
}

// Recall returns what was remembered; KindImageUnknown.
func (s *Stock) Recall(ctx context.Context, digest string) (glovebox.Image, error) {
	var img glovebox.Image
	r, err := s.Blobs.Open(ctx, recordKey(strings.TrimPrefix(digest, "sha256:")), 0)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return img, glovebox.Errorf(glovebox.KindImageUnknown, "image %s is not here any more", digest).Try("submit the job again")
	}
	if err != nil {
		return img, err
	}
	defer r.Close()
	if err := json.NewDecoder(r).Decode(&img); err != nil {
		return img, glovebox.Errorf(glovebox.KindInternal, "read the record of %s: %w", digest, err)
	}
	return img, nil
}
