package upload

import (
	"context"
	"errors"
	"io"
	"strconv"

	"glovebox"
)

// Use says how large the files of a job are, and keeps them for the job that is
// about to be stored. KindInvalid on "files[…].digest" for one that the tenant
// does not have, whoever else may have it; KindInvalid on "files[…].size" for one
// that is of another size than the job says.
func (r *Registry) Use(ctx context.Context, tenant string, files []glovebox.InputFile) (sizes []int64, err error) {
	for i, f := range files {
		e, err := r.use(ctx, tenant, f.Digest)
		if err != nil {
			return nil, err
		}
		field := "files[" + strconv.Itoa(i) + "]"
		switch {
		case e.State != here:
			return nil, glovebox.Errorf(glovebox.KindInvalid, "no file with this digest was uploaded, or not of late").On(field + ".digest").
				Try("upload it by POST /v1/files, or let `glovebox run --file LOCAL:REMOTE` do it")
		case f.Size != 0 && f.Size != e.Size:
			return nil, glovebox.Errorf(glovebox.KindInvalid, "the file has %d bytes, not %d", e.Size, f.Size).On(field + ".size").Try("leave it out")
		}
		sizes = append(sizes, e.Size)
	}
	return sizes, nil
}

// use finds a file and notes that it is used.
func (r *Registry) use(ctx context.Context, tenant, digest string) (entry, error) {
	for range tries {
		e, err := r.find(ctx, tenant, digest)
		if err != nil || e.State != here {
			return e, err
		}
		if e, err = r.renew(ctx, tenant, digest, e); glovebox.KindOf(err) != glovebox.KindStale {
			return e, err
		}
	}
	return entry{}, glovebox.Errorf(glovebox.KindUnavailable, "the file is being changed by others").Try("try again in a moment")
}

// pieces calls send with all of r.
func pieces(r io.Reader, send func([]byte) error) error {
	for {
		buf := make([]byte, 128<<10) // send may keep it
		n, err := r.Read(buf)
		if n > 0 {
			if err := send(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
