package containerd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/runtime/containerd/internal/erofs"
	"glovebox/runtime/containerd/internal/hostview"
)

// erofsLimits are twice what control lets an image have, for what is unpacked
// has more folders than the archives name. They bound this process's memory.
var erofsLimits = erofs.Limits{Entries: 2_000_000, Bytes: 32 << 30}

// erofsDir is the folder of all images' roots as files, or one of them.
func (r *Runtime) erofsDir(elem ...string) string {
	return filepath.Join(append([]string{r.config.Dir, "erofs"}, elem...)...)
}

func (r *Runtime) erofsFile(digest string) string { return r.erofsDir(hexOf(digest) + ".erofs") }

// erofsImage returns the path of an image's root as one EROFS file, readable
// by root alone, which is made where there is none. The image must be mounted
// and must not be removed meanwhile: the caller holds its lock, or has a
// sandbox of it on record. Errors: KindImageTooLarge, KindUnavailable if the
// disk is full or the context ended, KindStart.
func (r *Runtime) erofsImage(ctx context.Context, img glovebox.Image) (string, error) {
	if err := checkImage(img); err != nil {
		return "", err
	}
	file := r.erofsFile(img.Digest)
	unlock, err := r.images.lock(ctx, "erofs-"+img.Digest) // callers that wait find it done
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	// An image that is not mounted is an empty folder.
	dir := r.imageDir(hexOf(img.Digest))
	there, err := hostview.Mounts(dir)
	if err != nil {
		return "", erofsFault(img, err)
	}
	if len(there) == 0 {
		return "", glovebox.Errorf(glovebox.KindStart, "image %s is not mounted at %s", img.Digest, dir)
	}
	if err := writeErofs(ctx, dir, file); err != nil {
		return "", erofsFault(img, err)
	}
	return file, nil
}

// writeErofs writes the file under no name, so that a crash leaves nothing of
// it, and names it when all of it is on disk: after a power cut there is no
// file with holes where its content was.
func writeErofs(ctx context.Context, dir, file string) error {
	f, err := os.OpenFile(filepath.Dir(file), unix.O_TMPFILE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := erofs.Write(ctx, dir, f, erofsLimits); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	unnamed := fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	err = unix.Linkat(unix.AT_FDCWD, unnamed, unix.AT_FDCWD, file, unix.AT_SYMLINK_FOLLOW)
	if err != nil && !errors.Is(err, fs.ErrExist) { // another process's is as good
		return &fs.PathError{Op: "name", Path: file, Err: err}
	}
	return syncDir(filepath.Dir(file))
}

// removeErofs takes the file away for good. Sandboxes that have it open keep
// its content.
func (r *Runtime) removeErofs(digest string) error {
	err := os.Remove(r.erofsFile(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, syncDir(r.erofsDir()))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// erofsFault words an error of making the file; what the image is to blame for
// says so itself.
func erofsFault(img glovebox.Image, err error) error {
	if e, ok := errors.AsType[*glovebox.Error](err); ok {
		return e
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return glovebox.Errorf(glovebox.KindUnavailable, "writing the root of image %s was given up: %w", img.Digest, err)
	}
	if errors.Is(err, unix.EOPNOTSUPP) {
		return glovebox.Errorf(glovebox.KindStart, "write the root of image %s as a file: %w", img.Digest, err).
			Try("keep the node's folder on a file system that knows files without a name, such as ext4, xfs or btrfs")
	}
	return imageFault(img, fmt.Errorf("write its root as a file: %w", err))
}
