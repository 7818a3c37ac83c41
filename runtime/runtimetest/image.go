package runtimetest

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"glovebox"
)

// busyboxes are where a statically linked busybox may be.
var busyboxes = []string{"/usr/bin/busybox", "/bin/busybox", "/usr/lib/busybox/busybox-static"}

// Image is an image and where its blobs come from.
type Image struct {
	glovebox.Image
	Fetch   glovebox.FetchBlob
	Fetched func() int // how many blobs were asked for
}

// NewImage assembles the suite's image from a static busybox. extra are
// further layers of files. The test is skipped where there is no busybox.
func NewImage(t testing.TB, extra ...[]File) Image {
	t.Helper()
	img := empty.Image
	var err error
	for _, files := range append([][]File{base(t)}, extra...) {
		layer, lerr := tarball.LayerFromOpener(opener(pack(t, files)))
		if lerr != nil {
			t.Fatal(lerr)
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			t.Fatal(err)
		}
	}
	return describe(t, img)
}

func describe(t testing.TB, img v1.Image) Image {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	manifest, err := img.Manifest()
	must(err)
	digest, err := img.Digest()
	must(err)
	config, err := img.ConfigFile()
	must(err)
	blobs := map[string]v1.Layer{}
	found := Image{Image: glovebox.Image{
		Tenant: glovebox.LocalTenant, Name: "glovebox.test/suite:1", Digest: digest.String(),
		Platform: "linux/" + runtime.GOARCH, Source: "import", Created: time.Now(),
		Config: glovebox.Blob{Digest: manifest.Config.Digest.String(), Size: manifest.Config.Size, MediaType: string(manifest.Config.MediaType)},
	}}
	layers, err := img.Layers()
	must(err)
	for i, l := range layers {
		d := manifest.Layers[i]
		found.Layers = append(found.Layers, glovebox.Layer{
			Blob:   glovebox.Blob{Digest: d.Digest.String(), Size: d.Size, MediaType: string(d.MediaType)},
			DiffID: config.RootFS.DiffIDs[i].String(),
		})
		found.Size += d.Size
		blobs[d.Digest.String()] = l
	}
	asked := make(chan struct{}, 1000)
	found.Fetched = func() int { return len(asked) }
	found.Fetch = func(_ context.Context, digest string, offset int64, w io.Writer) error {
		asked <- struct{}{}
		l, ok := blobs[digest]
		if !ok {
			return glovebox.Errorf(glovebox.KindNotFound, "no blob %s", digest)
		}
		rc, err := l.Compressed()
		if err != nil {
			return err
		}
		defer rc.Close()
		if _, err := io.CopyN(io.Discard, rc, offset); err != nil {
			return err
		}
		_, err = io.Copy(w, rc)
		return err
	}
	return found
}

// File is an entry of a layer. A Link makes it a symbolic link; a name that
// ends in a slash, a folder.
type File struct {
	Name, Body, Link string
	Mode             int64
	UID, GID         int
}

func pack(t testing.TB, files []File) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.Name, Mode: f.Mode, Uid: f.UID, Gid: f.GID, Size: int64(len(f.Body)), Typeflag: tar.TypeReg}
		switch {
		case f.Link != "":
			h.Typeflag, h.Linkname, h.Size, h.Mode = tar.TypeSymlink, f.Link, 0, 0o777
		case f.Name[len(f.Name)-1] == '/':
			h.Typeflag = tar.TypeDir
		}
		if err := errors.Join(w.WriteHeader(h), write(w, f.Body, h)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(w io.Writer, body string, h *tar.Header) error {
	if h.Size == 0 {
		return nil
	}
	_, err := io.WriteString(w, body)
	return err
}

func opener(b []byte) tarball.Opener {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

func busybox(t testing.TB) string {
	t.Helper()
	for _, name := range busyboxes {
		if b, err := os.ReadFile(name); err == nil && static(b) {
			return string(b)
		}
	}
	t.Skip("no statically linked busybox on this machine (Debian: apt-get install busybox-static)")
	return ""
}

// static says whether a program needs no loader.
func static(b []byte) bool {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return false
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}
