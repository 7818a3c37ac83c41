package hostile

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"glovebox/e2e/fixture"
	"glovebox/e2e/internet"
	"glovebox/e2e/internet/places"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// evilLayers are layers that reach out of the root they are unpacked in, to
// ../outside/canary.
var evilLayers = map[string][]tar.Header{
	"path with ..":          {{Name: "../outside/canary", Typeflag: tar.TypeReg}},
	"path with .. inside":   {{Name: "a/", Typeflag: tar.TypeDir, Mode: 0o755}, {Name: "a/../../outside/canary", Typeflag: tar.TypeReg}},
	"through a symlink":     {{Name: "door", Typeflag: tar.TypeSymlink, Linkname: "../outside"}, {Name: "door/canary", Typeflag: tar.TypeReg}},
	"through two symlinks":  {{Name: "a", Typeflag: tar.TypeSymlink, Linkname: ".."}, {Name: "b", Typeflag: tar.TypeSymlink, Linkname: "a/outside"}, {Name: "b/canary", Typeflag: tar.TypeReg}},
	"hard link to outside":  {{Name: "door", Typeflag: tar.TypeLink, Linkname: "../outside/canary"}, {Name: "door", Typeflag: tar.TypeReg}},
	"symlink over a folder": {{Name: "d/", Typeflag: tar.TypeDir, Mode: 0o755}, {Name: "d", Typeflag: tar.TypeSymlink, Linkname: "../outside"}, {Name: "d/canary", Typeflag: tar.TypeReg}},
}

const overwritten = "overwritten"

// images is family 9: what a delivered image does to the host, and where a pull
// leads. The package images has many more, without a running service.
func (s *stand) images(t *testing.T) {
	for name, layer := range evilLayers {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			archive := filepath.Join(dir, "evil.tar")
			raw := layerOf(t, layer)
			writeEvil(t, archive, raw)
			held := naive(t, raw)
			s.sheet.Control("image: "+name, held)
			if !held {
				t.Error("control: unpacked without care, it does not reach the canary")
			}
			// Beside every folder that an image could be unpacked in.
			canaries := s.plant(t)
			r := s.b.Run("image", "import", archive)
			if r.Code == 0 {
				r = s.b.Run("run", "evil:test", "--", "/bin/true")
			}
			worked := ""
			for _, c := range canaries {
				if data, err := os.ReadFile(c); err != nil || string(data) != "canary" {
					worked = c
				}
				_ = os.Remove(c)
				_ = os.Remove(filepath.Dir(c))
			}
			s.note(t, Attempt{Family: 9, Column: s.column, Case: name, Succeeded: worked != "", Detail: worked + r.Stderr})
		})
	}
	s.pulls(t)
}

// plant puts canaries where an evil layer would find them.
func (s *stand) plant(t *testing.T) []string {
	t.Helper()
	var all []string
	_ = filepath.WalkDir(s.b.Data, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() || strings.Count(strings.TrimPrefix(path, s.b.Data), "/") > 5 {
			return filepath.SkipDir
		}
		if d.Name() == "outside" || strings.Contains(path, "/state/") || strings.Contains(path, "/run") {
			return filepath.SkipDir
		}
		outside := filepath.Join(path, "outside")
		if os.Mkdir(outside, 0o777) == nil && os.WriteFile(filepath.Join(outside, "canary"), []byte("canary"), 0o666) == nil {
			all = append(all, filepath.Join(outside, "canary"))
		}
		return nil
	})
	if len(all) == 0 {
		t.Error("no canary could be planted")
	}
	return all
}

// pulls has the service fetch from where nobody may lead it.
func (s *stand) pulls(t *testing.T) {
	for _, host := range []string{places.Metadata, places.Metadata + ":80", places.Task, "[" + places.Metadata6 + "]", "[::ffff:a9fe:a9fe]"} {
		mark := s.w.Ledger.Mark()
		r := s.b.Run("image", "pull", host+"/app:1")
		arrived := s.w.Ledger.Since(mark, nothingMeant)
		s.note(t, Attempt{Family: 2, Column: s.column, Case: "image pull from " + host, Succeeded: r.Code == 0 || len(arrived) > 0, Detail: r.Stderr})
	}
	for how, host := range map[string]string{"redirects": places.Allowed4, "token service": places.Other4} {
		mark := s.w.Ledger.Mark()
		r := s.b.Run("image", "pull", host+"/app:1")
		all := s.w.Ledger.Since(mark, func(a internet.Arrival) bool { return a.Server == "request" || a.To.Addr().String() == places.Metadata })
		led := slices.DeleteFunc(slices.Clone(all), func(a internet.Arrival) bool { return a.To.Addr().String() == host })
		s.note(t, Attempt{Family: 2, Column: s.column, Case: "image pull from a registry that leads to the metadata service: " + how, Succeeded: r.Code == 0 || len(led) > 0, Detail: r.Stderr})
		s.sheet.Control("image pull asks a registry that leads elsewhere: "+how, len(all) > len(led))
		if len(all) == len(led) {
			t.Errorf("control: a pull from %s asks for nothing: %s", host, r.Stderr)
		}
	}
}

// nothingMeant is all that may not arrive, which is all.
func nothingMeant(internet.Arrival) bool { return true }

func layerOf(t *testing.T, headers []tar.Header) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range headers {
		if h.Typeflag == tar.TypeReg {
			h.Size, h.Mode = int64(len(overwritten)), 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, overwritten); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// writeEvil makes an archive of busybox and a layer above it.
func writeEvil(t *testing.T, path string, raw []byte) {
	t.Helper()
	tree, err := fixture.Busybox(fixture.BusyboxPath)
	if err != nil {
		t.Fatal(err)
	}
	img, err := fixture.Image(tree, v1.Config{Env: []string{"PATH=/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		t.Fatal(err)
	}
	if img, err = mutate.AppendLayers(img, layer); err == nil {
		err = fixture.WriteArchive(path, "evil:test", img)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// naive unpacks without any care and says whether the canary beside the root was
// overwritten.
func naive(t *testing.T, raw []byte) bool {
	t.Helper()
	dir := t.TempDir()
	root, canary := filepath.Join(dir, "root"), filepath.Join(dir, "outside", "canary")
	for _, d := range []string{root, filepath.Dir(canary)} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(canary, []byte("canary"), 0o644); err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(bytes.NewReader(raw)); ; {
		h, err := r.Next()
		if err != nil {
			break
		}
		path := root + "/" + strings.TrimSuffix(h.Name, "/") // not cleaned: that is the point
		switch h.Typeflag {
		case tar.TypeDir:
			_ = os.Mkdir(path, 0o755)
		case tar.TypeSymlink:
			_ = os.Remove(path)
			_ = os.Symlink(h.Linkname, path)
		case tar.TypeLink:
			_ = os.Link(root+"/"+h.Linkname, path)
		case tar.TypeReg:
			data, _ := io.ReadAll(r)
			_ = os.WriteFile(path, data, 0o644)
		}
	}
	data, err := os.ReadFile(canary)
	return err == nil && string(data) == overwritten
}
