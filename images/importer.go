package images

import (
	"context"
	"io"
	"os"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Importer takes images from archives: an OCI layout as a tar, or what docker
// save writes, plain or compressed.
type Importer struct {
	Stock *Stock
	Dir   string // where an archive is put while it is read; default the system's
}

// Import is what to do with one archive.
type Import struct {
	Tenant string
	By     string // Principal.Name of who imports, for the audit log
	// Name is what the image is to be called. It is needed if the archive only
	// says a tag, which is then added to it; it replaces what the archive says if
	// there is one image in it; otherwise it may be empty.
	Name     string
	Progress Progress

	allow func(name string) error // what the images may be called; nil = anything
}

// Import reads all of r and returns the records of the images in it, one for each
// name. Either all of them are in Blobs then or none. Errors: KindInvalid on
// field name, KindImagePlatform, KindImageInvalid, KindImageCorrupt,
// KindImageTooLarge, those of Blobs, r's and ctx's.
func (i *Importer) Import(ctx context.Context, r io.Reader, how Import) ([]glovebox.Image, error) {
	return i.importTo(ctx, r, how, func(context.Context, glovebox.Image) error { return nil })
}

// importTo calls save with each record while all blobs are still held.
func (i *Importer) importTo(ctx context.Context, r io.Reader, how Import,
	save func(context.Context, glovebox.Image) error) (all []glovebox.Image, err error) {
	dir := i.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	spool, err := newSpool(dir, i.Stock.Caps)
	if err != nil {
		return nil, err
	}
	defer spool.close()
	if err := spool.fill(ctx, r); err != nil {
		return nil, err
	}
	found, err := i.find(ctx, spool)
	if err != nil {
		return nil, err
	}
	if err := nameAll(found, how.Name); err != nil {
		return nil, err
	}
	if err := how.admit(found); err != nil {
		return nil, err
	}
	s := i.Stock.begin(how.Tenant, how.Progress)
	defer func() { s.end(err) }()
	for _, f := range found {
		img, err := s.copy(ctx, f.candidate)
		if err != nil {
			return nil, err
		}
		all = append(all, f.records(img)...)
	}
	for _, img := range all {
		if err := save(ctx, img); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// found is an image in an archive and what the archive calls it.
type found struct {
	candidate
	said  []called
	names []string // normalized; empty = known by its digest
}

// called is a name as an archive has it: a whole one, or just a tag.
type called struct{ full, tag string }

func (f found) records(img glovebox.Image) []glovebox.Image {
	if len(f.names) == 0 {
		return []glovebox.Image{img}
	}
	var all []glovebox.Image
	for _, name := range f.names {
		img.Name = name
		all = append(all, img)
	}
	return all
}

func (how Import) admit(all []found) error {
	if how.allow == nil {
		return nil
	}
	for _, f := range all {
		names := f.names
		if len(names) == 0 {
			names = []string{f.manifest.digest.String()}
		}
		for _, name := range names {
			if err := how.allow(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// find tells the two kinds of archive apart. Current Dockers write both at once,
// and then the OCI part says more.
func (i *Importer) find(ctx context.Context, s *spool) ([]found, error) {
	if _, ok := s.find("index.json"); ok {
		return i.findOCI(ctx, s)
	}
	if _, ok := s.find("manifest.json"); ok {
		return i.findDocker(s)
	}
	return nil, invalid("archive has neither index.json nor manifest.json").
		Try("send an OCI layout as tar, or what docker save writes")
}

// spooled is a spool as a source; names maps digests to files where they are not
// called as in an OCI layout.
type spooled struct {
	*spool
	names map[v1.Hash]string
}

func (s spooled) blob(_ context.Context, desc v1.Descriptor, offset int64) (io.ReadCloser, int64, error) {
	name := layoutName(desc.Digest)
	if s.names != nil {
		name = s.names[desc.Digest]
	}
	f, ok := s.find(name)
	if !ok {
		return nil, 0, corrupt("archive has no blob %s", desc.Digest).Try("save the image again, with all its layers")
	}
	if f.size != desc.Size {
		return nil, 0, corrupt("blob %s has %d bytes in the archive, not %d as its manifest says", desc.Digest, f.size, desc.Size)
	}
	r, err := s.open(f)
	if err != nil {
		return nil, 0, err
	}
	if _, err := r.Seek(offset, io.SeekStart); err != nil {
		_ = r.Close()
		return nil, 0, spoolError("read from", err)
	}
	return r, offset, nil
}

func layoutName(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }
