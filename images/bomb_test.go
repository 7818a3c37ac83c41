package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/memory"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"
)

// squeezed compresses what write makes.
func squeezed(t *testing.T, kind types.MediaType, write func(io.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if kind == types.OCILayerZStd {
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	write(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// bombOf is a layer that begins with start and goes on with n MiB of zeros, in as
// many compressed streams, one after the other. Its diff id is wrong: a bomb is to
// be found before anybody gets to that.
func bombOf(t *testing.T, kind types.MediaType, start []byte, n int) v1.Layer {
	begin := squeezed(t, kind, func(w io.Writer) { _, _ = w.Write(start) })
	part := squeezed(t, kind, func(w io.Writer) { _, _ = io.CopyN(w, zeros{}, 1<<20) })
	return static.NewLayer(append(begin, bytes.Repeat(part, n)...), kind)
}

// fileOf is a tar with one file of n zeros.
func fileOf(n int64) func(io.Writer) {
	return func(w io.Writer) {
		t := tar.NewWriter(w)
		h := regular("big")
		h.Size = n
		_ = t.WriteHeader(&h)
		_, _ = io.CopyN(t, zeros{}, n)
		_ = t.Close()
	}
}

// fileHeader is how the tar of a file of n bytes begins.
func fileHeader(n int64) []byte {
	var b bytes.Buffer
	h := regular("big")
	h.Size = n
	_ = tar.NewWriter(&b).WriteHeader(&h)
	return b.Bytes()
}

// TestBombs: small layers that unpack to much are stopped at the cap, soon.
func TestBombs(t *testing.T) {
	const mib = 1 << 20
	caps := Caps{Unpacked: 2 * mib, Entries: 100}
	var many []tar.Header
	for range 200 {
		many = append(many, regular("same"))
	}
	ended := bytesFrom(func(w io.Writer) { _ = tar.NewWriter(w).Close() }) // tar looks no further
	for name, layers := range map[string][]v1.Layer{
		"gzip":         {bombOf(t, types.OCILayer, fileHeader(1024*mib), 1024)},
		"zstd":         {bombOf(t, types.OCILayerZStd, fileHeader(1024*mib), 1024)},
		"said small":   {bombOf(t, types.OCILayer, fileHeader(1000), 1024)},
		"called plain": {static.NewLayer(bytesOf(t, bombOf(t, types.OCILayer, fileHeader(64*mib), 64)), types.OCIUncompressedLayer)},
		"in sum":       {gzipped(t, bytesFrom(fileOf(mib))), gzipped(t, bytesFrom(fileOf(mib+1)))},
		"entries":      {gzipped(t, tarOf(t, many...))},
		"after end":    {bombOf(t, types.OCILayer, ended, 1024)},
		"sparse":       {plain(sparseTar())},
	} {
		t.Run(name, func(t *testing.T) {
			blobs := memory.New()
			started := time.Now()
			_, err := copyOf(imageOf(t, nil, layers...), blobs, caps)
			wantKind(t, err, glovebox.KindImageTooLarge)
			wantEmpty(t, blobs)
			if took := time.Since(started); took > 3*time.Second {
				t.Fatalf("took %s", took)
			}
		})
	}
	t.Run("control", func(t *testing.T) {
		img := imageOf(t, nil, gzipped(t, bytesFrom(fileOf(mib))), gzipped(t, bytesFrom(fileOf(mib/2))))
		rec, err := copyOf(img, memory.New(), caps)
		if err != nil || rec.Unpacked != 3*mib/2 {
			t.Fatalf("unpacked %d, %v", rec.Unpacked, err)
		}
	})
}

func bytesFrom(write func(io.Writer)) []byte {
	var b bytes.Buffer
	write(&b)
	return b.Bytes()
}

// sparseTar is a file of 1 TiB of which the archive holds 512 bytes. Go's writer
// makes no such files, so its records are renamed after it has written them.
func sparseTar() []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	h := regular("sparse")
	h.Size = 512
	h.PAXRecords = map[string]string{
		"XXX.sparse.major": "0", "XXX.sparse.minor": "1", "XXX.sparse.size": "1099511627776",
		"XXX.sparse.numblocks": "1", "XXX.sparse.map": "0,512",
	}
	_ = w.WriteHeader(&h)
	_, _ = w.Write(make([]byte, 512))
	_ = w.Close()
	return bytes.ReplaceAll(b.Bytes(), []byte("XXX.sparse"), []byte("GNU.sparse"))
}

// TestZstd is the positive control for zstd layers, which also may begin with a
// skippable frame; one that asks for more memory than its cap is refused.
func TestZstd(t *testing.T) {
	raw := tarOf(t, regular("f"))
	skippable := append([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0}, "skip"...)
	small := squeezed(t, types.OCILayerZStd, func(w io.Writer) { _, _ = w.Write(raw) })
	wide := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00} // a window of 2^41 bytes
	for name, c := range map[string]struct {
		layer []byte
		kind  glovebox.Kind
	}{
		"plain frame": {small, ""}, "skippable first": {append(skippable, small...), ""},
		"wide window": {wide, glovebox.KindImageInvalid}, "cut": {small[:len(small)-4], glovebox.KindImageInvalid},
	} {
		l := static.NewLayer(c.layer, types.OCILayerZStd)
		img := imageOf(t, func(cf *v1.ConfigFile) { cf.RootFS.DiffIDs[0] = sum(raw) }, l)
		blobs := memory.New()
		_, err := copyOf(img, blobs, Caps{})
		if glovebox.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
		if c.kind != "" {
			wantEmpty(t, blobs)
		}
	}
}

// TestDamagedLayers have the digest that the manifest says and are no archives.
func TestDamagedLayers(t *testing.T) {
	good := bytesOf(t, gzipped(t, tarOf(t, regular("f"))))
	for name, raw := range map[string][]byte{
		"text":          []byte(strings.Repeat("this is not a tar archive\n", 100)),
		"cut gzip":      good[:len(good)-9],
		"gzip and more": append(bytes.Clone(good), "trailing"...),
		"bad checksum":  append(bytes.Clone(good[:len(good)-8]), 1, 2, 3, 4, 5, 6, 7, 8),
		"xz":            []byte("\xfd7zXZ\x00rest"),
		"bzip2":         []byte("BZh91AY&SY"),
		"cut tar":       bytesFrom(fileOf(5000))[:3000],
	} {
		blobs := memory.New()
		_, err := copyOf(imageOf(t, nil, static.NewLayer(raw, types.OCILayer)), blobs, Caps{})
		if kind := glovebox.KindOf(err); kind != glovebox.KindImageInvalid {
			t.Errorf("%s: %v", name, err)
		}
		wantEmpty(t, blobs)
	}
}

// peakBlobs measures how much is ever stored.
type peakBlobs struct {
	glovebox.Blobs
	mu   sync.Mutex
	peak int64
}

func (p *peakBlobs) Append(ctx context.Context, key string, offset int64, b []byte) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.Blobs.Append(ctx, key, offset, b)
	total := int64(0)
	_ = p.List(ctx, "", func(_ string, info glovebox.BlobInfo) error { total += info.Size; return nil })
	p.peak = max(p.peak, total)
	return n, err
}

// TestDiskPeak: an image over the cap on stored bytes never takes more than that.
func TestDiskPeak(t *testing.T) {
	img := simple(t, 1<<20)
	e := newEvil(t)
	d := e.add(t, img)
	blobs := &peakBlobs{Blobs: memory.New()}
	p := pullerOver(t, blobs, Caps{Stored: 1 << 19})
	_, err := p.Pull(background, "t", e.name(), nil)
	wantKind(t, err, glovebox.KindImageTooLarge)

	e.serve(edited(t, d, func(m *v1.Manifest) { m.Layers[0].Size = 1000 })) // says it is small, and is not
	_, err = p.Pull(background, "t", e.name(), nil)
	wantKind(t, err, glovebox.KindImageCorrupt)
	if blobs.peak > 1<<19 {
		t.Fatalf("%d bytes were stored, more than %d", blobs.peak, 1<<19)
	}
	wantEmpty(t, blobs)
}
