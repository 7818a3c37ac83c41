package images

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"glovebox"
)

// Tar writes an OCI layout folder as the tar stream that Importer reads. Only the
// layout's own files are taken, and no link is followed out of the folder. It is
// KindInvalid on field path if dir is no layout.
func Tar(dir string, w io.Writer) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return notLayout(dir, err)
	}
	defer root.Close()
	names, err := layoutFiles(root)
	if err != nil {
		return notLayout(dir, err)
	}
	t := tar.NewWriter(w)
	for _, name := range names {
		if err := tarFile(t, root, name); err != nil {
			return err
		}
	}
	return t.Close()
}

func notLayout(dir string, err error) error {
	return glovebox.Errorf(glovebox.KindInvalid, "%s is not an OCI layout: %w", dir, err).On("path").
		Try("name a folder with index.json and blobs, or an archive of images")
}

// layoutFiles lists what belongs to a layout: two files and the blobs.
func layoutFiles(root *os.Root) ([]string, error) {
	names := []string{"oci-layout", "index.json"}
	for _, name := range names {
		if _, err := root.Stat(name); err != nil {
			return nil, err
		}
	}
	algorithms, err := fs.ReadDir(root.FS(), "blobs")
	if err != nil {
		return nil, err
	}
	for _, a := range algorithms {
		blobs, err := fs.ReadDir(root.FS(), path.Join("blobs", a.Name()))
		if err != nil {
			return nil, err
		}
		for _, b := range blobs {
			names = append(names, path.Join("blobs", a.Name(), b.Name()))
		}
	}
	slices.Sort(names[2:])
	return names, nil
}

func tarFile(t *tar.Writer, root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return notLayout(root.Name(), err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New(name + " is not a regular file")
	}
	if err != nil {
		return notLayout(root.Name(), err)
	}
	h := &tar.Header{Name: name, Mode: 0o644, Size: info.Size(), Typeflag: tar.TypeReg}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(t, f) // a file that grew meanwhile is an error of t
	return err
}
