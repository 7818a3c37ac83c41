package images

import "time"

// Caps bound what an image may cost before it is refused with KindImageTooLarge
// (or, for Time, KindUnreachable). A zero field is the default.
type Caps struct {
	Stored     int64         // bytes of all blobs as they come, 8 GiB; also of an archive
	Unpacked   int64         // bytes of all layers decompressed, and of all files in them, 16 GiB
	Entries    int64         // tar entries of all layers, 1,000,000
	Layers     int           // 128
	Manifest   int64         // bytes of a manifest, index or archive index, 4 MiB
	Config     int64         // bytes of a config, 4 MiB
	PathBytes  int           // of one entry's path or link target, 4096
	PathDepth  int           // components of a path, 256
	XattrBytes int           // of one entry's extended attributes, 64 KiB
	Images     int           // in one archive, 64
	Files      int           // in one archive, 10,000
	Time       time.Duration // for one pull, 30 min
}

// indexDepth is how many indexes may lead to a manifest.
const indexDepth = 4

// DefaultCaps are used where a field is zero.
func DefaultCaps() Caps {
	return Caps{
		Stored: 8 << 30, Unpacked: 16 << 30, Entries: 1_000_000, Layers: 128, Manifest: 4 << 20, Config: 4 << 20,
		PathBytes: 4096, PathDepth: 256, XattrBytes: 64 << 10, Images: 64, Files: 10_000, Time: 30 * time.Minute,
	}
}

func (c Caps) withDefaults() Caps {
	d := DefaultCaps()
	c.Stored = or(c.Stored, d.Stored)
	c.Unpacked = or(c.Unpacked, d.Unpacked)
	c.Entries = or(c.Entries, d.Entries)
	c.Layers = or(c.Layers, d.Layers)
	c.Manifest = or(c.Manifest, d.Manifest)
	c.Config = or(c.Config, d.Config)
	c.PathBytes = or(c.PathBytes, d.PathBytes)
	c.PathDepth = or(c.PathDepth, d.PathDepth)
	c.XattrBytes = or(c.XattrBytes, d.XattrBytes)
	c.Images = or(c.Images, d.Images)
	c.Files = or(c.Files, d.Files)
	c.Time = or(c.Time, d.Time)
	return c
}

func or[T int | int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
