package main

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"

	"glovebox"
)

// layoutArchive makes an archive of an OCI image layout folder as it is read.
// Only what belongs to a layout is taken, and links do not lead out of it.
func layoutArchive(dir string) (io.ReadCloser, int64, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, 0, glovebox.Errorf(glovebox.KindInvalid, "%w", err)
	}
	if _, err := root.Stat("index.json"); err != nil {
		root.Close()
		return nil, 0, glovebox.Errorf(glovebox.KindImageInvalid, "%s is not an OCI image layout: it has no index.json", dir).
			Try("name a folder made by skopeo, crane or buildkit, or an archive")
	}
	files, total, err := layoutFiles(root)
	if err != nil {
		root.Close()
		return nil, 0, glovebox.Errorf(glovebox.KindInvalid, "read the layout: %w", err)
	}
	r, w := io.Pipe()
	go func() {
		defer root.Close()
		w.CloseWithError(writeLayout(w, root, files))
	}()
	return r, total, nil
}

func layoutFiles(root *os.Root) (files []string, total int64, err error) {
	for _, top := range []string{"oci-layout", "index.json", "blobs"} {
		err := fs.WalkDir(root.FS(), top, func(path string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && path == top {
				return nil // for the server to judge
			}
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			files, total = append(files, path), total+info.Size()
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return files, total, nil
}

func writeLayout(w io.Writer, root *os.Root, files []string) error {
	t := tar.NewWriter(w)
	for _, name := range files {
		if err := addFile(t, root, name); err != nil {
			return glovebox.Errorf(glovebox.KindInvalid, "read %s: %w", name, err)
		}
	}
	return t.Close()
}

func addFile(t *tar.Writer, root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: st.Size(), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, st.Size())
	return err
}
