package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"glovebox"
	"glovebox/blob/memory"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func newImporter(t testing.TB, caps Caps) (*Importer, glovebox.Blobs) {
	blobs := memory.New()
	s := NewStock(blobs, caps)
	s.Platform = testPlatform
	return &Importer{Stock: s, Dir: t.TempDir()}, blobs
}

// layoutDir writes an OCI layout of images with the annotations each.
func layoutDir(t testing.TB, images map[v1.Image]map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for img, annotations := range images {
		if err := p.AppendImage(img, layout.WithAnnotations(annotations)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func tarDir(t testing.TB, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Tar(dir, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func dockerSaved(t testing.TB, images map[string]v1.Image) []byte {
	t.Helper()
	refs := map[name.Reference]v1.Image{}
	for tag, img := range images {
		ref, err := name.ParseReference(tag)
		if err != nil {
			t.Fatal(err)
		}
		refs[ref] = img
	}
	var b bytes.Buffer
	if err := tarball.MultiRefWrite(refs, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(raw []byte) []byte {
	return bytesFrom(func(w io.Writer) { z := gzip.NewWriter(w); _, _ = z.Write(raw); _ = z.Close() })
}

func namesOf(all []glovebox.Image) (names []string) {
	for _, img := range all {
		names = append(names, img.Name)
	}
	slices.Sort(names)
	return names
}

// TestImportNames: where an image's name comes from, for both kinds of archive.
func TestImportNames(t *testing.T) {
	img := simple(t, 100)
	other := imageOf(t, nil, plain(tarOf(t, regular("other"))))
	digest, _ := img.Digest()
	oci := func(annotations ...string) []byte {
		m := map[string]string{}
		for i := 0; i < len(annotations); i += 2 {
			m[annotations[i]] = annotations[i+1]
		}
		return tarDir(t, layoutDir(t, map[v1.Image]map[string]string{img: m}))
	}
	two := func(a, b string) []byte {
		return tarDir(t, layoutDir(t, map[v1.Image]map[string]string{img: {refName: a}, other: {refName: b}}))
	}
	for what, c := range map[string]struct {
		archive []byte
		given   string
		want    string // names, or the kind of the error
	}{
		"no name":             {oci(), "", digest.String()},
		"no name, given":      {oci(), "app", "docker.io/library/app:latest"},
		"tag only":            {oci(refName, "v1"), "", "invalid"},
		"tag only, given":     {oci(refName, "v1"), "app", "docker.io/library/app:v1"},
		"tag only, with tag":  {oci(refName, "v1"), "app:v2", "docker.io/library/app:v2"},
		"whole name":          {oci(refName, "registry.test/a/b:v1"), "", "registry.test/a/b:v1"},
		"containerd wins":     {oci(refName, "v1", containerdName, "registry.test/x:v2"), "", "registry.test/x:v2"},
		"override":            {oci(containerdName, "registry.test/x:v2"), "mine:v9", "docker.io/library/mine:v9"},
		"own digest":          {oci(), digest.String(), digest.String()},
		"own digest, named":   {oci(), "app@" + digest.String(), "docker.io/library/app@" + digest.String()},
		"other digest":        {oci(), "app@sha256:" + hex64, "invalid"},
		"other digest inside": {oci(refName, "registry.test/app@sha256:"+hex64), "", "invalid"},
		"bad name inside":     {oci(containerdName, "../../etc"), "", "image_invalid"},
		"bad name given":      {oci(), "Bad Name", "invalid"},
		"two":                 {two("registry.test/a:1", "registry.test/b:1"), "", "registry.test/a:1 registry.test/b:1"},
		"two tags, given":     {two("v1", "v2"), "app", "docker.io/library/app:v1 docker.io/library/app:v2"},
		"two, one name":       {two("registry.test/a:1", "registry.test/b:1"), "app", "invalid"},
		"two, same name":      {two("registry.test/a:1", "registry.test/a:1"), "", "image_invalid"},
		"docker":              {dockerSaved(t, map[string]v1.Image{"busybox:bar": img}), "", "docker.io/library/busybox:bar"},
		"docker, override":    {dockerSaved(t, map[string]v1.Image{"busybox:bar": img}), "x:y", "docker.io/library/x:y"},
		"docker, two tags":    {dockerSaved(t, map[string]v1.Image{"a:1": img, "a:2": img}), "", "docker.io/library/a:1 docker.io/library/a:2"},
		"docker, two images":  {dockerSaved(t, map[string]v1.Image{"a:1": img, "b:1": other}), "", "docker.io/library/a:1 docker.io/library/b:1"},
		"gzip around":         {zipped(oci(refName, "v1")), "app", "docker.io/library/app:v1"},
		"docker in gzip":      {zipped(dockerSaved(t, map[string]v1.Image{"busybox:bar": img})), "", "docker.io/library/busybox:bar"},
	} {
		t.Run(what, func(t *testing.T) {
			i, blobs := newImporter(t, Caps{})
			all, err := i.Import(background, bytes.NewReader(c.archive), Import{Tenant: "t", Name: c.given})
			if kind := string(glovebox.KindOf(err)); err != nil {
				if kind != c.want {
					t.Fatalf("%v (%s), want %s", err, kind, c.want)
				}
				wantKind(t, err, glovebox.Kind(c.want))
				wantEmpty(t, blobs)
			} else if got := strings.Join(namesOf(all), " "); got != c.want {
				t.Fatalf("names are %s, want %s", got, c.want)
			}
			for _, img := range all {
				wantWhole(t, blobs, img)
				if img.Source != "import" || img.Tenant != "t" {
					t.Errorf("record is %+v", img)
				}
			}
			if left, _ := os.ReadDir(i.Dir); len(left) != 0 {
				t.Errorf("left in the spool: %v", left)
			}
		})
	}
}

// TestImportIsTheSame: a docker archive gives the same digest each time, and a
// layout that of its own manifest.
func TestImportIsTheSame(t *testing.T) {
	img := simple(t, 100)
	digest, _ := img.Digest()
	var last string
	for range 2 {
		i, _ := newImporter(t, Caps{})
		docker, err := i.Import(background, bytes.NewReader(dockerSaved(t, map[string]v1.Image{"a:1": img})), Import{})
		if err != nil {
			t.Fatal(err)
		}
		oci, err := i.Import(background, bytes.NewReader(tarDir(t, layoutDir(t, map[v1.Image]map[string]string{img: nil}))), Import{})
		if err != nil || oci[0].Digest != digest.String() {
			t.Fatalf("layout: %v, %v", oci, err)
		}
		if last != "" && docker[0].Digest != last {
			t.Fatal("a docker archive has another digest the second time")
		}
		last = docker[0].Digest
	}
}

// rewritten copies a tar with each entry passed through edit, which may drop it.
func rewritten(t testing.TB, archive []byte, edit func(*tar.Header, []byte) ([]byte, bool), more ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w, r := tar.NewWriter(&b), tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(r)
		content, keep := edit(h, content)
		if !keep {
			continue
		}
		h.Size = int64(len(content))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(content)
	}
	for _, h := range more {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		_, _ = io.CopyN(w, letters{}, h.Size)
	}
	_ = w.Close()
	return b.Bytes()
}

func same(_ *tar.Header, content []byte) ([]byte, bool) { return content, true }

// replace returns an edit that changes the content of files whose name ends so.
func replace(suffix string, f func([]byte) []byte) func(*tar.Header, []byte) ([]byte, bool) {
	return func(h *tar.Header, content []byte) ([]byte, bool) {
		if strings.HasSuffix(h.Name, suffix) {
			return f(content), true
		}
		return content, true
	}
}

// TestHostileArchives breaks one thing each of archives that are fine otherwise.
func TestHostileArchives(t *testing.T) {
	img := simple(t, 1000)
	layers, _ := img.Layers()
	layerHex := strings.TrimPrefix(digestOf(t, layers[0]), "sha256:")
	manifest, _ := img.Digest()
	oci := tarDir(t, layoutDir(t, map[v1.Image]map[string]string{img: nil}))
	docker := dockerSaved(t, map[string]v1.Image{"a:1": img})
	other := imageOf(t, func(c *v1.ConfigFile) { c.Architecture = "s390x" }, plain(tarOf(t, regular("f"))))
	big := regular("big")
	big.Size = 3 << 20
	var many []tar.Header
	for i := range 300 {
		many = append(many, regular("f"+string(rune('0'+i%10))+strings.Repeat("x", i/10)))
	}
	say := func(s string) func([]byte) []byte { return func([]byte) []byte { return []byte(s) } }
	for what, c := range map[string]struct {
		archive []byte
		kind    glovebox.Kind
	}{
		"fine oci":            {oci, ""},
		"fine docker":         {docker, ""},
		"nothing":             {nil, glovebox.KindImageInvalid},
		"text":                {[]byte(strings.Repeat("hello\n", 1000)), glovebox.KindImageInvalid},
		"only a file":         {tarOf(t, regular("x")), glovebox.KindImageInvalid},
		"cut":                 {oci[:len(oci)/2], glovebox.KindImageCorrupt},
		"cut gzip":            {zipped(oci)[:500], glovebox.KindImageCorrupt},
		"gzip bomb":           {zipped(bytesFrom(fileOf(4 << 20))), glovebox.KindImageTooLarge},
		"padding bomb":        {zipped(append(bytes.Clone(oci), make([]byte, 1<<20)...)), ""}, // after the end: not read
		"over the cap":        {rewritten(t, oci, same, big), glovebox.KindImageTooLarge},
		"many files":          {rewritten(t, oci, same, many...), glovebox.KindImageTooLarge},
		"parent":              {rewritten(t, oci, same, regular("../../evil")), glovebox.KindImageInvalid},
		"symlink out":         {rewritten(t, oci, same, symlink("blobs/x", "../../../etc/passwd")), glovebox.KindImageInvalid},
		"symlink absolute":    {rewritten(t, oci, same, symlink("x", "/etc/passwd")), glovebox.KindImageInvalid},
		"hard link out":       {rewritten(t, oci, same, link("x", "../etc/passwd")), glovebox.KindImageInvalid},
		"device":              {rewritten(t, oci, same, tar.Header{Typeflag: tar.TypeChar, Name: "x"}), glovebox.KindImageInvalid},
		"index twice":         {rewritten(t, oci, same, regular("index.json")), glovebox.KindImageInvalid},
		"index twice, dotted": {rewritten(t, oci, same, regular("./index.json")), glovebox.KindImageInvalid},
		"index by itself":     {rewritten(t, oci, replace("index.json", say(`{"manifests":[],"layers":[]}`))), glovebox.KindImageInvalid},
		"index empty":         {rewritten(t, oci, replace("index.json", say(`{"schemaVersion":2,"manifests":[]}`))), glovebox.KindImageInvalid},
		"index is text":       {rewritten(t, oci, replace("index.json", say(`x`))), glovebox.KindImageInvalid},
		"index huge":          {rewritten(t, oci, replace("index.json", func([]byte) []byte { return make([]byte, 1<<20) })), glovebox.KindImageTooLarge},
		"manifest changed":    {rewritten(t, oci, replace(manifest.Hex, func(b []byte) []byte { return append(b, ' ') })), glovebox.KindImageCorrupt},
		"layer missing": {rewritten(t, oci, func(h *tar.Header, c []byte) ([]byte, bool) {
			return c, !strings.HasSuffix(h.Name, layerHex)
		}), glovebox.KindImageCorrupt},
		"layer changed":     {rewritten(t, oci, replace(layerHex, flip)), glovebox.KindImageCorrupt},
		"layer cut":         {rewritten(t, oci, replace(layerHex, func(b []byte) []byte { return b[:512] })), glovebox.KindImageCorrupt},
		"other platform":    {tarDir(t, layoutDir(t, map[v1.Image]map[string]string{other: nil})), glovebox.KindImagePlatform},
		"docker, no layer":  {rewritten(t, docker, replace("manifest.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`.tar.gz`), []byte(`.nope`), 1) })), glovebox.KindImageCorrupt},
		"docker, no config": {rewritten(t, docker, replace("manifest.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"sha256:`), []byte(`"sha999:`), 1) })), glovebox.KindImageCorrupt},
		"docker, twice":     {rewritten(t, docker, replace("manifest.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"Config"`), []byte(`"Layers":[],"Config"`), 1) })), glovebox.KindImageInvalid},
		"docker, empty":     {rewritten(t, docker, replace("manifest.json", say(`[]`))), glovebox.KindImageInvalid},
		"docker, climbs":    {rewritten(t, docker, replace("manifest.json", say(`[{"Config":"../../etc/passwd","Layers":[]}]`))), glovebox.KindImageCorrupt},
		"docker, config changed": {rewritten(t, docker, func(h *tar.Header, c []byte) ([]byte, bool) {
			if bytes.HasPrefix(c, []byte(`{"architecture"`)) {
				c = append(c, ' ')
			}
			return c, true
		}), glovebox.KindImageCorrupt},
	} {
		t.Run(what, func(t *testing.T) {
			i, blobs := newImporter(t, Caps{Stored: 2 << 20, Files: 100, Manifest: 512 << 10})
			_, err := i.Import(background, bytes.NewReader(c.archive), Import{Tenant: "t", Name: "given:tag"})
			if c.kind == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantKind(t, err, c.kind)
			wantEmpty(t, blobs)
			if left, _ := os.ReadDir(i.Dir); len(left) != 0 {
				t.Errorf("left in the spool: %v", left)
			}
		})
	}
}

// TestImportReaderFails: the sender's error is returned as it is, and so is the
// caller's end.
func TestImportReaderFails(t *testing.T) {
	oci := tarDir(t, layoutDir(t, map[v1.Image]map[string]string{simple(t, 1000): nil}))
	broken := errors.New("connection lost")
	i, blobs := newImporter(t, Caps{})
	_, err := i.Import(background, io.MultiReader(bytes.NewReader(oci[:3000]), iotest.ErrReader(broken)), Import{})
	if !errors.Is(err, broken) {
		t.Fatalf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, err := i.Import(ctx, bytes.NewReader(oci), Import{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v", err)
	}
	wantEmpty(t, blobs)
}

// TestImportLinks: older Dockers save a layer that two images share once, and
// link to it.
func TestImportLinks(t *testing.T) {
	docker := dockerSaved(t, map[string]v1.Image{"a:1": simple(t, 100)})
	var first string
	moved := rewritten(t, docker, func(h *tar.Header, c []byte) ([]byte, bool) {
		if strings.HasSuffix(h.Name, ".tar.gz") && first == "" {
			first = h.Name
			h.Name = "shared/layer.tar"
		}
		return c, true
	})
	i, blobs := newImporter(t, Caps{})
	_, err := i.Import(background, bytes.NewReader(moved), Import{})
	wantKind(t, err, glovebox.KindImageCorrupt)
	all, err := i.Import(background, bytes.NewReader(rewritten(t, moved, same, symlink(first, "shared/layer.tar"))), Import{})
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, all[0])
}

// TestImportManyPlatforms: an index in a layout of which only our part was saved.
func TestImportManyPlatforms(t *testing.T) {
	img := simple(t, 100)
	other := imageOf(t, func(c *v1.ConfigFile) { c.Architecture = "s390x" }, plain(tarOf(t, regular("f"))))
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}}},
		mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	dir := t.TempDir()
	p, err := layout.Write(dir, empty.Index)
	if err == nil {
		err = p.AppendIndex(index, layout.WithAnnotations(map[string]string{refName: "registry.test/app:1"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	otherDigest, _ := other.Digest()
	if err := os.Remove(filepath.Join(dir, "blobs", "sha256", otherDigest.Hex)); err != nil {
		t.Fatal(err)
	}
	i, blobs := newImporter(t, Caps{})
	all, err := i.Import(background, bytes.NewReader(tarDir(t, dir)), Import{})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := img.Digest()
	if len(all) != 1 || all[0].Digest != want.String() || all[0].Name != "registry.test/app:1" {
		t.Fatalf("imported %+v", all)
	}
	wantWhole(t, blobs, all[0])
}

// TestTarRefuses what is no layout, and takes no file that a link leads out to.
func TestTarRefuses(t *testing.T) {
	if err := Tar(t.TempDir(), io.Discard); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Fatalf("empty folder: %v", err)
	}
	if err := Tar(filepath.Join(t.TempDir(), "absent"), io.Discard); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Fatalf("absent folder: %v", err)
	}
	dir := layoutDir(t, map[v1.Image]map[string]string{simple(t, 10): nil})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "blobs", "sha256", hex64)); err != nil {
		t.Fatal(err)
	}
	if err := Tar(dir, io.Discard); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Fatalf("link out of the folder: %v", err)
	}
}

// FuzzImport: no archive makes it panic, leave something behind after a refusal,
// or refuse without one of the kinds for images.
func FuzzImport(f *testing.F) {
	img := simple(f, 10)
	f.Add(tarDir(f, layoutDir(f, map[v1.Image]map[string]string{img: {refName: "a:b"}})))
	f.Add(dockerSaved(f, map[string]v1.Image{"a:1": img}))
	f.Add(zipped(dockerSaved(f, map[string]v1.Image{"a:1": img})))
	f.Add(tarOf(f, regular("index.json"), symlink("a", "b"), regular("../x")))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, archive []byte) {
		blobs := memory.New()
		s := NewStock(blobs, Caps{Stored: 1 << 20, Unpacked: 1 << 20, Files: 100})
		s.Platform = testPlatform
		_, err := (&Importer{Stock: s, Dir: dir}).Import(background, bytes.NewReader(archive), Import{Name: "a"})
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Fatalf("left in the spool: %v", left)
		}
		if err == nil {
			return
		}
		wantEmpty(t, blobs)
		switch kind := glovebox.KindOf(err); kind {
		case glovebox.KindImageInvalid, glovebox.KindImageCorrupt, glovebox.KindImageTooLarge, glovebox.KindImagePlatform, glovebox.KindInvalid:
		default:
			t.Fatalf("%v is of kind %s", err, kind)
		}
	})
}

// FuzzManifest: what is taken as a manifest has what the rest relies on.
func FuzzManifest(f *testing.F) {
	raw, _ := simple(f, 10).RawManifest()
	f.Add(raw)
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:` + hex64 + `","size":1}]}`))
	f.Add([]byte(`{"a":{"b":[1,{"c":null}]},"layers":[],"config":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := newDocument(raw, "")
		index, err := d.isIndex()
		if err != nil {
			return
		}
		if index {
			_, _ = pick(d, testPlatform)
			return
		}
		m, err := DefaultCaps().manifestOf(d)
		if err != nil {
			return
		}
		for _, l := range append(m.Layers, m.Config) {
			if l.Size < 0 || l.Digest.Algorithm != "sha256" || len(l.Digest.Hex) != 64 || len(l.URLs) > 0 {
				t.Fatalf("taken: %+v", l)
			}
		}
		if !json.Valid(raw) {
			t.Fatal("not JSON")
		}
	})
}
