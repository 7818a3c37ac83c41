package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/blob"
)

// View reads blobs that another process may have open. It sees what that process
// has written, sealed or not; of a last write that is under way perhaps a part.
type View struct{ blobs *Blobs }

// OpenView returns a view of the blobs in dir, of which there may be none yet.
func OpenView(dir string) (*View, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, diskError("open folder "+dir, err)
	}
	return &View{&Blobs{root: root, objects: map[string]*object{}}}, nil
}

// List is List of glovebox.Blobs.
func (v *View) List(ctx context.Context, prefix string, f func(string, glovebox.BlobInfo) error) error {
	return v.blobs.List(ctx, prefix, f)
}

// Open opens a blob and says how it is; KindNotFound. The caller closes it.
func (v *View) Open(key string) (*os.File, glovebox.BlobInfo, error) {
	f, err := v.blobs.root.OpenFile(fileName(key), os.O_RDONLY|unix.O_NONBLOCK, 0) // a pipe would be waited for
	if errors.Is(err, fs.ErrNotExist) {
		return nil, glovebox.BlobInfo{}, notFound(key)
	}
	if err != nil {
		return nil, glovebox.BlobInfo{}, diskError("open blob "+key, err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("not a file")
	}
	if err != nil {
		_ = f.Close()
		return nil, glovebox.BlobInfo{}, diskError("look at blob "+key, err)
	}
	return f, glovebox.BlobInfo{Size: st.Size(), Sealed: st.Mode()&0o200 == 0}, nil
}

// Close ends the view.
func (v *View) Close() error { return v.blobs.root.Close() }

// Filler writes blobs into a folder that nobody has open yet. It is faster than
// Put, because nothing is durable before Sync.
type Filler struct {
	root *os.Root
	dir  string
}

// OpenFiller makes the folder, or takes one without objects in it.
func OpenFiller(dir string) (*Filler, error) {
	if err := os.MkdirAll(filepath.Join(dir, objectsDir), 0o700); err != nil {
		return nil, diskError("make folder "+dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, diskError("open folder "+dir, err)
	}
	return &Filler{root, dir}, nil
}

// Write stores all of r under key. KindConflict for a key that was written
// already. If r fails, its error is returned as it is.
func (f *Filler) Write(key string, sealed bool, r io.Reader) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	name, mode := fileName(key), fs.FileMode(openMode)
	if sealed {
		mode = sealedMode
	}
	if err := f.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return diskError("make the folder of blob "+key, err)
	}
	out, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return exists(key)
	}
	if err != nil {
		return diskError("create blob "+key, err)
	}
	from := &source{ctx: context.Background(), r: r}
	_, err = io.Copy(out, from)
	err = errors.Join(err, out.Close())
	if from.err != nil {
		return from.err
	}
	if err != nil {
		return diskError("write blob "+key, err)
	}
	return nil
}

// Sync makes all of the folder's file system durable.
func (f *Filler) Sync() error {
	d, err := f.root.Open(".")
	if err != nil {
		return diskError("sync "+f.dir, err)
	}
	defer d.Close()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return diskError("sync "+f.dir, err)
	}
	return nil
}

// Close ends the filling.
func (f *Filler) Close() error { return f.root.Close() }
