package images

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/memory"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

var background = context.Background()

const testPlatform = "linux/amd64"

// regular returns an entry for a file.
func regular(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}
}

// tarOf writes entries; each file is filled with its size in letters.
func tarOf(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatalf("write %q: %v", h.Name, err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.CopyN(w, letters{}, h.Size); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a' + byte(i%26)
	}
	return len(p), nil
}

// gzipped returns the layer of a tar, compressed.
func gzipped(t testing.TB, raw []byte) v1.Layer {
	t.Helper()
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// plain returns the layer of a tar, as it is.
func plain(raw []byte) v1.Layer { return static.NewLayer(raw, types.OCIUncompressedLayer) }

// imageOf returns an image for the test platform whose config was changed by edit.
func imageOf(t testing.TB, edit func(*v1.ConfigFile), layers ...v1.Layer) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layers...)
	if err != nil {
		t.Fatal(err)
	}
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c = c.DeepCopy()
	c.OS, c.Architecture = "linux", "amd64"
	c.Config.Cmd, c.Config.Env = []string{"/bin/sh"}, []string{"PATH=/bin"}
	if edit != nil {
		edit(c)
	}
	if img, err = mutate.ConfigFile(img, c); err != nil {
		t.Fatal(err)
	}
	return img
}

// simple returns an image with two layers of n bytes each.
func simple(t testing.TB, n int64) v1.Image {
	one, two := regular("etc/one"), regular("etc/two")
	one.Size, two.Size = n, n
	return imageOf(t, nil, plain(tarOf(t, one)), gzipped(t, tarOf(t, two)))
}

// evil is a registry that does what a test wants. Everything is under /v2/test/.
type evil struct {
	*httptest.Server
	mu        sync.Mutex
	manifests map[string]document // by tag and digest
	blobs     map[string][]byte   // by digest
	sent      map[string]int64    // bytes of each blob
	requests  []string

	// hook may answer a request itself, and then returns true.
	hook func(w http.ResponseWriter, r *http.Request) bool
}

func newEvil(t testing.TB) *evil {
	e := &evil{manifests: map[string]document{}, blobs: map[string][]byte{}, sent: map[string]int64{}}
	e.Server = httptest.NewServer(e)
	t.Cleanup(func() { e.CloseClientConnections(); e.Close() })
	return e
}

func (e *evil) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.requests = append(e.requests, r.Method+" "+r.URL.Path)
	hook := e.hook
	e.mu.Unlock()
	if hook != nil && hook(w, r) {
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/v2/test/")
	kind, id, _ := strings.Cut(path, "/")
	e.mu.Lock()
	d, isManifest := e.manifests[id]
	raw, isBlob := e.blobs[id]
	e.mu.Unlock()
	switch {
	case r.URL.Path == "/v2/":
	case kind == "manifests" && isManifest:
		w.Header().Set("Content-Type", string(d.mediaType))
		_, _ = w.Write(d.raw)
	case kind == "blobs" && isBlob:
		http.ServeContent(&countingWriter{w, e, id}, r, "", time.Time{}, bytes.NewReader(raw))
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`)
	}
}

type countingWriter struct {
	http.ResponseWriter
	e  *evil
	id string
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.e.mu.Lock()
	c.e.sent[c.id] += int64(n)
	c.e.mu.Unlock()
	return n, err
}

func (e *evil) sentOf(digest string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent[digest]
}

// add serves an image under test:latest and its digest.
func (e *evil) add(t testing.TB, img v1.Image) document {
	t.Helper()
	raw, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	e.blobs[sum(config).String()] = config
	for _, l := range layers {
		e.blobs[digestOf(t, l)] = bytesOf(t, l)
	}
	e.mu.Unlock()
	d := newDocument(raw, types.OCIManifestSchema1)
	e.serve(d)
	return d
}

func (e *evil) serve(d document) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.manifests["latest"], e.manifests[d.digest.String()] = d, d
}

func (e *evil) setHook(h func(http.ResponseWriter, *http.Request) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hook = h
}

func (e *evil) name() string { return strings.TrimPrefix(e.URL, "http://") + "/test:latest" }

func digestOf(t testing.TB, l v1.Layer) string {
	t.Helper()
	d, err := l.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

func bytesOf(t testing.TB, l v1.Layer) []byte {
	t.Helper()
	r, err := l.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// hurry sets the time-outs for a test that runs into them.
func (p *Puller) hurry() {
	p.HeaderTimeout, p.StallTimeout = 200*time.Millisecond, 200*time.Millisecond
}

// newPuller returns a puller over memory.
func newPuller(t testing.TB, caps Caps) (*Puller, glovebox.Blobs) {
	blobs := memory.New()
	return pullerOver(t, blobs, caps), blobs
}

func pullerOver(t testing.TB, blobs glovebox.Blobs, caps Caps) *Puller {
	s := NewStock(blobs, caps)
	s.Platform, s.Backoff, s.Attempts = testPlatform, time.Millisecond, 3
	p := &Puller{Stock: s, HeaderTimeout: 10 * time.Second, StallTimeout: 10 * time.Second}
	t.Cleanup(p.Close)
	return p
}

func wantKind(t testing.TB, err error, want glovebox.Kind) {
	t.Helper()
	if glovebox.KindOf(err) != want {
		t.Fatalf("error %q of kind %q, want %q", err, glovebox.KindOf(err), want)
	}
	t.Logf("%v", err)
	if e := glovebox.AsError(err); e.Hint == "" {
		t.Fatalf("error %q has no hint", err)
	}
}

// wantEmpty wants nothing in blobs: no layer, no note.
func wantEmpty(t testing.TB, blobs glovebox.Blobs) {
	t.Helper()
	if keys := keysOf(t, blobs); len(keys) > 0 {
		t.Fatalf("left behind: %q", keys)
	}
}

func keysOf(t testing.TB, blobs glovebox.Blobs) (keys []string) {
	t.Helper()
	err := blobs.List(background, "", func(key string, info glovebox.BlobInfo) error {
		keys = append(keys, fmt.Sprint(key, info))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// wantWhole wants everything of an image sealed in blobs, with the right bytes.
func wantWhole(t testing.TB, blobs glovebox.Blobs, img glovebox.Image) {
	t.Helper()
	all := []glovebox.Blob{img.Config, {Digest: img.Digest, Size: -1}}
	for _, l := range img.Layers {
		all = append(all, l.Blob)
	}
	for _, b := range all {
		key := "sha256/" + strings.TrimPrefix(b.Digest, "sha256:")
		info, err := blobs.Stat(background, key)
		if err != nil || !info.Sealed || b.Size >= 0 && info.Size != b.Size {
			t.Fatalf("blob %s: %+v, %v", key, info, err)
		}
		r, err := blobs.Open(background, key, 0)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil || sum(raw).String() != b.Digest {
			t.Fatalf("blob %s has other bytes, %v", key, err)
		}
	}
}

// edited returns a manifest with a change.
func edited(t testing.TB, d document, edit func(*v1.Manifest)) document {
	t.Helper()
	var m v1.Manifest
	if err := json.Unmarshal(d.raw, &m); err != nil {
		t.Fatal(err)
	}
	edit(&m)
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return newDocument(raw, d.mediaType)
}
