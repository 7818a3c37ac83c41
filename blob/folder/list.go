package folder

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"glovebox"
	"glovebox/blob"
)

// List implements glovebox.Blobs. It holds the names of one folder per level in
// memory, not those of all objects, and begins at the folder that the prefix
// names: what is beside that costs nothing.
func (b *Blobs) List(ctx context.Context, prefix string, f func(string, glovebox.BlobInfo) error) error {
	if !blob.CanPrefix(prefix) {
		return nil
	}
	dir, above := objectsDir, ""
	for {
		segment, _, whole := strings.Cut(strings.TrimPrefix(prefix, above), "/")
		if !whole || len(segment) >= chunkSize { // longer ones are several folders
			return b.walk(ctx, dir, above, prefix, f)
		}
		if segment == "" || segment == "." || segment == ".." {
			return nil // no key has such a segment
		}
		dir, above = path.Join(dir, segment), above+segment+"/"
	}
}

// entry is a folder entry and the (beginning of the) keys it stands for. In the
// order of these beginnings the keys below come in key order, too, because no
// entry's is the beginning of another's but that of a file of its own folder.
type entry struct {
	name string
	key  string
	file bool
}

func (b *Blobs) walk(ctx context.Context, dir, above, prefix string, f func(string, glovebox.BlobInfo) error) error {
	entries, err := b.entries(dir, above, prefix)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !e.file {
			err = b.walk(ctx, path.Join(dir, e.name), e.key, prefix, f)
		} else {
			err = b.show(ctx, e.key, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Blobs) entries(dir, above, prefix string) ([]entry, error) {
	d, err := b.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // emptied and removed meanwhile
	}
	if err != nil {
		return nil, diskError("list blobs", err)
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, diskError("list blobs", err)
	}
	var entries []entry
	for _, name := range names {
		part, file, ok := entryKey(name)
		key := above + part
		if !ok || !strings.HasPrefix(key, prefix) && (file || !strings.HasPrefix(prefix, key)) {
			continue
		}
		entries = append(entries, entry{name, key, file})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries, nil
}

func (b *Blobs) show(ctx context.Context, key string, f func(string, glovebox.BlobInfo) error) error {
	info, err := b.Stat(ctx, key)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	return f(key, info)
}
