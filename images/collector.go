package images

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Collector removes blobs of images that nothing refers to any more. A blob goes
// only after it was found unused twice, at least a grace period apart: blobs have
// no date, and a young one may belong to an image whose record is yet to come.
type Collector struct {
	Stock  *Stock
	Images glovebox.Images

	mu     sync.Mutex
	unused map[string]time.Time // by hex: found unused since then
}

// Collected is what one run did.
type Collected struct {
	Removed int
	Bytes   int64
	Waiting int // unused, in their grace period
}

// Collect looks once. inUse returns the manifest digests of the images that
// unfinished jobs were placed with; an image may have lost its name since. If
// anything cannot be read, nothing is removed.
func (c *Collector) Collect(ctx context.Context, now time.Time, grace time.Duration,
	inUse func(context.Context) (map[string]bool, error)) (Collected, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stop, ok := c.Stock.pins.watch()
	if !ok {
		return Collected{}, glovebox.Errorf(glovebox.KindConflict, "another collection is under way")
	}
	defer stop()
	// First what is there, then what is needed: a blob that comes after the
	// listing is not looked at.
	there, err := c.list(ctx)
	if err != nil {
		return Collected{}, err
	}
	needed, err := c.needed(ctx, inUse)
	if err != nil {
		return Collected{}, err
	}
	var done Collected
	still := map[string]time.Time{}
	for hex, size := range there {
		if needed[hex] {
			continue
		}
		since, seen := c.unused[hex]
		if !seen {
			since = now
		}
		if !seen || now.Sub(since) < grace {
			still[hex] = since
			done.Waiting++
			continue
		}
		if c.Stock.pins.removeUnused(hex, c.Stock.discard) {
			done.Removed++
			done.Bytes += size
		}
	}
	c.unused = still
	return done, nil
}

// list returns the blobs there are, by hex. Notes about blobs that are gone count
// as blobs of size 0.
func (c *Collector) list(ctx context.Context) (map[string]int64, error) {
	there := map[string]int64{}
	for _, prefix := range []string{"sha256/", "images/owner/", "images/holders/", "images/record/"} {
		err := c.Stock.Blobs.List(ctx, prefix, func(key string, info glovebox.BlobInfo) error {
			hex, _, _ := strings.Cut(strings.TrimPrefix(key, prefix), "/")
			if prefix == "sha256/" {
				there[hex] = info.Size
			} else if _, ok := there[hex]; !ok {
				there[hex] = 0
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return there, nil
}

func (c *Collector) needed(ctx context.Context, inUse func(context.Context) (map[string]bool, error)) (map[string]bool, error) {
	needed := map[string]bool{}
	need := func(digest string) { needed[strings.TrimPrefix(digest, "sha256:")] = true }
	records, err := c.Images.Images(ctx, glovebox.AnyTenant)
	if err != nil {
		return nil, err
	}
	for _, img := range records {
		need(img.Digest)
		need(img.Config.Digest)
		for _, l := range img.Layers {
			need(l.Digest)
		}
	}
	used, err := inUse(ctx)
	if err != nil {
		return nil, err
	}
	for digest := range used {
		if err := c.needManifest(ctx, digest, need); err != nil {
			return nil, err
		}
	}
	return needed, nil
}

// needManifest reads what an image without a record consists of. What is no
// digest is no blob's name, so nothing is needed for it.
func (c *Collector) needManifest(ctx context.Context, digest string, need func(string)) error {
	if !byDigest.MatchString(digest) {
		return nil
	}
	need(digest)
	r, err := c.Stock.Blobs.Open(ctx, keyOf(strings.TrimPrefix(digest, "sha256:")), 0)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, c.Stock.Caps.Manifest))
	if err != nil {
		return err
	}
	m, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		return corrupt("manifest %s of an unfinished job: %w", digest, err)
	}
	need(m.Config.Digest.String())
	for _, l := range m.Layers {
		need(l.Digest.String())
	}
	return nil
}
