package containerd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/pkg/rootfs"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"glovebox"
)

// applyLayers fetches and unpacks what is missing, from the bottom up, and
// returns the name of the topmost snapshot. Layers that other images share are
// there already.
func (r *Runtime) applyLayers(ctx context.Context, layers []glovebox.Layer, fetch glovebox.FetchBlob) (string, error) {
	var chain []digest.Digest
	for _, l := range layers {
		layer := rootfs.Layer{
			Blob: ocispec.Descriptor{MediaType: l.MediaType, Digest: digest.Digest(l.Digest), Size: l.Size},
			Diff: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: digest.Digest(l.DiffID)},
		}
		name := chainName(append(chain, layer.Diff.Digest))
		err := r.call(ctx, patience, func(ctx context.Context) error {
			_, err := r.snapshots().Stat(ctx, name)
			return err
		})
		if errdefs.IsNotFound(err) {
			err = r.applyLayer(ctx, layer, chain, fetch)
		}
		if err != nil {
			return "", err
		}
		chain = append(chain, layer.Diff.Digest)
	}
	return chainName(chain), nil
}

func (r *Runtime) applyLayer(ctx context.Context, l rootfs.Layer, chain []digest.Digest, fetch glovebox.FetchBlob) error {
	if err := r.fetchLayer(ctx, l.Blob, fetch); err != nil {
		return err
	}
	return r.call(ctx, unpackPatience, func(ctx context.Context) error {
		// Synced, because the record that it is unpacked is: after a power cut
		// a layer must not be there with files that are empty.
		_, err := rootfs.ApplyLayerWithOpts(ctx, l, chain, r.snapshots(), r.client.DiffService(), nil, []diff.ApplyOpt{diff.WithSyncFs(true)})
		if err == nil || errdefs.IsUnavailable(native(err)) {
			return err
		}
		if strings.Contains(err.Error(), "no space left") {
			return err
		}
		if strings.Contains(err.Error(), "wrong diff id") {
			return glovebox.Errorf(glovebox.KindImageCorrupt, "unpack layer %s: %w", l.Blob.Digest, err)
		}
		// The bytes are those of the digest, so it is the image that is wrong.
		return glovebox.Errorf(glovebox.KindImageInvalid, "unpack layer %s: %w", l.Blob.Digest, err).
			Try("build the image again")
	})
}

// fetchLayer copies a packed layer into the content store, from where an
// earlier try ended. Bytes that do not make up the digest are thrown away.
func (r *Runtime) fetchLayer(ctx context.Context, blob ocispec.Descriptor, fetch glovebox.FetchBlob) error {
	ref := "layer-" + blob.Digest.Encoded()
	return r.call(ctx, unpackPatience, func(ctx context.Context) error {
		store := r.client.ContentStore()
		w, err := content.OpenWriter(ctx, store, content.WithRef(ref), content.WithDescriptor(blob))
		if errdefs.IsAlreadyExists(err) {
			return nil
		}
		if err != nil {
			return err
		}
		defer w.Close()
		status, err := w.Status()
		if err != nil {
			return err
		}
		to := &sizedWriter{w: w, left: blob.Size - status.Offset}
		if to.left > 0 {
			if err := fetch(ctx, blob.Digest.String(), status.Offset, to); err != nil && to.failed == nil {
				return fetchError{err}
			}
		}
		if err := errors.Join(to.failed, w.Commit(ctx, blob.Size, blob.Digest)); err != nil && !errdefs.IsAlreadyExists(err) {
			return r.dropFetched(ctx, ref, blob, err)
		}
		return nil
	})
}

// dropFetched says why fetched bytes were not taken and, if the bytes are to
// blame, forgets them, so that the next try does not go on with bad ones.
func (r *Runtime) dropFetched(ctx context.Context, ref string, blob ocispec.Descriptor, err error) error {
	if errdefs.IsUnavailable(native(err)) || ctx.Err() != nil {
		return err
	}
	_ = r.client.ContentStore().Abort(ctx, ref)
	return glovebox.Errorf(glovebox.KindImageCorrupt, "layer %s is not what its digest says: %w", blob.Digest, err).
		Try("import or pull the image again")
}

// fetchError carries an error of the caller's own fetch through to it as it
// is, however much it looks like one of containerd's.
type fetchError struct{ error }

func (e fetchError) Unwrap() error { return e.error }

var errTooMuch = errors.New("more bytes than the image's record says")

// sizedWriter ends a fetch that brings more than announced.
type sizedWriter struct {
	w      io.Writer
	left   int64
	failed error
}

func (s *sizedWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > s.left {
		s.failed = errTooMuch
		return 0, errTooMuch
	}
	n, err := s.w.Write(p)
	s.left -= int64(n)
	if err != nil {
		s.failed = fmt.Errorf("store fetched bytes: %w", err)
	}
	return n, err
}
