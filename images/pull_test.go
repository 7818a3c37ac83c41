package images

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/folder"

	"github.com/google/go-containerregistry/pkg/name"
	testregistry "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// TestPullFromRegistry uses a registry that is not ours: by tag, by digest, by an
// index of several platforms.
func TestPullFromRegistry(t *testing.T) {
	server := httptest.NewServer(testregistry.New(testregistry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	img := simple(t, 1000)
	other := imageOf(t, func(c *v1.ConfigFile) { c.Architecture = "s390x" }, plain(tarOf(t, regular("f"))))
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}}},
		mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	push := func(tag string, write func(name.Reference) error) {
		ref, err := name.ParseReference(host + "/a/b:" + tag)
		if err == nil {
			err = write(ref)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	push("img", func(r name.Reference) error { return remote.Write(r, img) })
	push("idx", func(r name.Reference) error { return remote.WriteIndex(r, index) })
	push("other", func(r name.Reference) error { return remote.Write(r, other) })
	digest, _ := img.Digest()
	indexDigest, _ := index.Digest()

	for _, ref := range []string{"a/b:img", "a/b:idx", "a/b@" + digest.String(), "a/b@" + indexDigest.String()} {
		p, blobs := newPuller(t, Caps{})
		var told sync.Map
		rec, err := p.Pull(background, "t", host+"/"+ref, func(digest string, done, total int64) {
			if done == total {
				told.Store(digest, true)
			}
		})
		if err != nil {
			t.Fatalf("pull %s: %v", ref, err)
		}
		wantWhole(t, blobs, rec)
		if rec.Name != host+"/"+ref || rec.Digest != digest.String() || rec.Source != "registry" || rec.Unpacked != 2000 {
			t.Errorf("record is %+v", rec)
		}
		for _, l := range rec.Layers {
			if _, ok := told.Load(l.Digest); !ok {
				t.Errorf("no progress was told of %s", l.Digest)
			}
		}
	}
	for ref, kind := range map[string]glovebox.Kind{
		"a/b:absent": glovebox.KindTagUnknown, "a/b@sha256:" + hex64: glovebox.KindTagUnknown,
		"absent:x": glovebox.KindImageUnknown, "a/b:other": glovebox.KindImagePlatform, "A/b": glovebox.KindInvalid,
	} {
		p, blobs := newPuller(t, Caps{})
		_, err := p.Pull(background, "t", host+"/"+ref, nil)
		wantKind(t, err, kind)
		wantEmpty(t, blobs)
	}
}

// status answers with a status and a body.
func status(code int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v2/" {
			return false
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
		return true
	}
}

func onBlob(e *evil, digest string, f func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/blobs/"+digest) {
			return false
		}
		f(w, r)
		return true
	}
}

// TestEvilRegistry breaks one thing each of a registry that is fine otherwise.
func TestEvilRegistry(t *testing.T) {
	img := simple(t, 300_000)
	layers, _ := img.Layers()
	digest := digestOf(t, layers[0])
	raw := bytesOf(t, layers[0])
	onLayer := func(e *evil, f func(http.ResponseWriter, *http.Request)) { e.setHook(onBlob(e, digest, f)) }
	for name, c := range map[string]struct {
		kind  glovebox.Kind
		spoil func(e *evil, d document)
	}{
		"fine":                 {"", func(*evil, document) {}},
		"401":                  {glovebox.KindImageDenied, func(e *evil, _ document) { e.setHook(status(401, `{}`)) }},
		"403":                  {glovebox.KindImageDenied, func(e *evil, _ document) { e.setHook(status(403, `{}`)) }},
		"404 without code":     {glovebox.KindImageUnknown, func(e *evil, _ document) { e.setHook(status(404, `no`)) }},
		"404 name":             {glovebox.KindImageUnknown, func(e *evil, _ document) { e.setHook(status(404, `{"errors":[{"code":"NAME_UNKNOWN"}]}`)) }},
		"429":                  {glovebox.KindUnreachable, func(e *evil, _ document) { e.setHook(status(429, `{}`)) }},
		"500":                  {glovebox.KindUnreachable, func(e *evil, _ document) { e.setHook(status(500, `x`)) }},
		"503 html":             {glovebox.KindUnreachable, func(e *evil, _ document) { e.setHook(status(503, `<html>`)) }},
		"gone":                 {glovebox.KindUnreachable, func(e *evil, _ document) { e.Close() }},
		"layer missing":        {glovebox.KindImageCorrupt, func(e *evil, _ document) { delete(e.blobs, digest) }},
		"layer of other bytes": {glovebox.KindImageCorrupt, func(e *evil, _ document) { e.blobs[digest] = bytes.Repeat([]byte("x"), len(raw)) }},
		"one bit":              {glovebox.KindImageCorrupt, func(e *evil, _ document) { e.blobs[digest] = flip(raw) }},
		"layer shorter":        {glovebox.KindImageCorrupt, func(e *evil, _ document) { e.blobs[digest] = raw[:len(raw)-512] }},
		"layer longer":         {glovebox.KindImageCorrupt, func(e *evil, _ document) { e.blobs[digest] = append(bytes.Clone(raw), 0) }},
		"length lies high": {glovebox.KindImageCorrupt, func(e *evil, _ document) {
			onLayer(e, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(len(raw)+5))
				_, _ = w.Write(raw)
			})
		}},
		"truncated": {glovebox.KindImageCorrupt, func(e *evil, _ document) {
			onLayer(e, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(len(raw)))
				_, _ = w.Write(raw[:1000])
			})
		}},
		"truncated, chunked": {glovebox.KindImageCorrupt, func(e *evil, _ document) {
			onLayer(e, func(w http.ResponseWriter, _ *http.Request) {
				w.(http.Flusher).Flush()
				_, _ = w.Write(raw[:1000])
			})
		}},
		"endless": {glovebox.KindImageCorrupt, func(e *evil, _ document) {
			onLayer(e, func(w http.ResponseWriter, _ *http.Request) {
				w.(http.Flusher).Flush()
				_, _ = io.Copy(w, letters{})
			})
		}},
		"stalled layer": {glovebox.KindUnreachable, func(e *evil, _ document) {
			onLayer(e, func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			})
		}},
		"silent layer": {glovebox.KindUnreachable, func(e *evil, _ document) {
			onLayer(e, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}},
		"silent registry": {glovebox.KindUnreachable, func(e *evil, _ document) {
			e.setHook(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
		}},
		"redirect loop": {glovebox.KindUnreachable, func(e *evil, _ document) {
			onLayer(e, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), 307) })
		}},
		"wrong range": {glovebox.KindImageCorrupt, func(e *evil, _ document) {
			onLayer(e, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") == "" {
					w.(http.Flusher).Flush()
					_, _ = w.Write(raw[:1000])
					return
				}
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 5000-%d/%d", len(raw)-1, len(raw)))
				w.WriteHeader(206)
				_, _ = w.Write(raw[5000:])
			})
		}},
		"endless manifest": {glovebox.KindImageTooLarge, func(e *evil, _ document) {
			e.setHook(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/manifests/") {
					_, _ = io.Copy(w, letters{})
				}
				return r.URL.Path != "/v2/"
			})
		}},
		"endless ping": {glovebox.KindUnreachable, func(e *evil, _ document) {
			e.setHook(func(w http.ResponseWriter, r *http.Request) bool {
				w.WriteHeader(500)
				_, _ = io.Copy(w, letters{})
				return true
			})
		}},
		"not json":      {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(newDocument([]byte("hello"), d.mediaType)) }},
		"empty":         {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(newDocument(nil, d.mediaType)) }},
		"empty object":  {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(newDocument([]byte("{}"), d.mediaType)) }},
		"deep json":     {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(newDocument([]byte(strings.Repeat("[", 9000)), d.mediaType)) }},
		"schema 1":      {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(newDocument([]byte(`{"schemaVersion":1,"fsLayers":[]}`), "")) }},
		"called index":  {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(newDocument(d.raw, types.OCIImageIndex)) }},
		"both in one":   {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(withKey(d, `"manifests":[]`)) }},
		"layers twice":  {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(withKey(d, `"layers":[]`)) }},
		"Layers, too":   {glovebox.KindImageInvalid, func(e *evil, d document) { e.serve(withKey(d, `"Layers":[]`)) }},
		"10,000 layers": {glovebox.KindImageTooLarge, spoilt(t, func(m *v1.Manifest) { m.Layers = manyLayers(m.Layers[0], 10_000) })},
		"size lie":      {glovebox.KindImageCorrupt, spoilt(t, func(m *v1.Manifest) { m.Layers[0].Size-- })},
		"huge size":     {glovebox.KindImageTooLarge, spoilt(t, func(m *v1.Manifest) { m.Layers[0].Size = 1 << 62; m.Layers[1].Size = 1 << 62 })},
		"negative size": {glovebox.KindImageInvalid, spoilt(t, func(m *v1.Manifest) { m.Layers[0].Size = -1 })},
		"config size":   {glovebox.KindImageCorrupt, spoilt(t, func(m *v1.Manifest) { m.Config.Size++ })},
		"config digest": {glovebox.KindImageCorrupt, spoilt(t, func(m *v1.Manifest) { m.Config.Digest = m.Layers[0].Digest })},
		"huge config":   {glovebox.KindImageTooLarge, spoilt(t, func(m *v1.Manifest) { m.Config.Size = 5 << 20 })},
		"foreign layer": {glovebox.KindImageInvalid, spoilt(t, func(m *v1.Manifest) { m.Layers[0].URLs = []string{"http://169.254.169.254/x"} })},
		"wasm layer":    {glovebox.KindImageInvalid, spoilt(t, func(m *v1.Manifest) { m.Layers[0].MediaType = "application/wasm" })},
		"artifact":      {glovebox.KindImageInvalid, spoilt(t, func(m *v1.Manifest) { m.Config.MediaType = "application/vnd.x" })},
		"sha512":        {glovebox.KindImageInvalid, spoilt(t, func(m *v1.Manifest) { m.Layers[0].Digest = v1.Hash{Algorithm: "sha512", Hex: hex64 + hex64} })},
		"layer dropped": {glovebox.KindImageInvalid, spoilt(t, func(m *v1.Manifest) { m.Layers = m.Layers[:1] })},
		"layers swapped": {glovebox.KindImageCorrupt, spoilt(t, func(m *v1.Manifest) {
			m.Layers[0], m.Layers[1] = m.Layers[1], m.Layers[0]
		})},
		"schema 3": {glovebox.KindImageInvalid, spoilt(t, func(m *v1.Manifest) { m.SchemaVersion = 3 })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEvil(t)
			c.spoil(e, e.add(t, img))
			p, blobs := newPuller(t, Caps{})
			started := time.Now()
			rec, err := p.Pull(background, "t", e.name(), nil)
			if took := time.Since(started); took > 8*time.Second {
				t.Errorf("took %s", took)
			}
			if c.kind == "" {
				if err != nil {
					t.Fatal(err)
				}
				wantWhole(t, blobs, rec)
				return
			}
			wantKind(t, err, c.kind)
			if c.kind != glovebox.KindUnreachable { // which leaves what the next pull goes on from
				wantEmpty(t, blobs)
			}
		})
	}
}

func flip(raw []byte) []byte {
	raw = bytes.Clone(raw)
	raw[len(raw)/2] ^= 1
	return raw
}

func spoilt(t *testing.T, edit func(*v1.Manifest)) func(*evil, document) {
	return func(e *evil, d document) { e.serve(edited(t, d, edit)) }
}

func withKey(d document, key string) document {
	return newDocument(append([]byte("{"+key+","), d.raw[1:]...), d.mediaType)
}

func manyLayers(l v1.Descriptor, n int) []v1.Descriptor {
	all := make([]v1.Descriptor, n)
	for i := range all {
		all[i] = l
	}
	return all
}

// TestIndexes: chains of indexes, lies in them, and what they may not be.
func TestIndexes(t *testing.T) {
	img := simple(t, 100)
	platform := &v1.Platform{OS: "linux", Architecture: "amd64"}
	wrap := func(d document, edit func(*v1.Descriptor)) document {
		desc := v1.Descriptor{MediaType: d.mediaType, Digest: d.digest, Size: int64(len(d.raw)), Platform: platform}
		if edit != nil {
			edit(&desc)
		}
		raw, _ := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{desc}})
		return newDocument(raw, types.OCIImageIndex)
	}
	for name, c := range map[string]struct {
		kind  glovebox.Kind
		depth int
		edit  func(*v1.Descriptor)
	}{
		"one":              {"", 1, nil},
		"four":             {"", 4, nil},
		"five":             {glovebox.KindImageInvalid, 5, nil},
		"without platform": {"", 1, func(d *v1.Descriptor) { d.Platform = nil }},
		"arm64":            {glovebox.KindImagePlatform, 1, func(d *v1.Descriptor) { d.Platform = &v1.Platform{OS: "linux", Architecture: "arm64"} }},
		"attestation":      {glovebox.KindImagePlatform, 1, func(d *v1.Descriptor) { d.Platform = &v1.Platform{OS: "unknown", Architecture: "unknown"} }},
		"size":             {glovebox.KindImageCorrupt, 1, func(d *v1.Descriptor) { d.Size++ }},
		"huge":             {glovebox.KindImageTooLarge, 1, func(d *v1.Descriptor) { d.Size = 1 << 40 }},
		"type":             {glovebox.KindImageInvalid, 1, func(d *v1.Descriptor) { d.MediaType = types.OCIImageIndex }},
		"absent":           {glovebox.KindTagUnknown, 1, func(d *v1.Descriptor) { d.Digest.Hex = hex64 }},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEvil(t)
			d := e.add(t, img)
			for range c.depth {
				d = wrap(d, c.edit)
				e.serve(d)
			}
			p, blobs := newPuller(t, Caps{})
			_, err := p.Pull(background, "t", e.name(), nil)
			if c.kind == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantKind(t, err, c.kind)
			wantEmpty(t, blobs)
		})
	}
	t.Run("loop", func(t *testing.T) { // the server gives the index under the digest of its child
		e := newEvil(t)
		child := e.add(t, img)
		d := wrap(child, nil)
		e.serve(d)
		e.manifests[child.digest.String()] = d
		p, blobs := newPuller(t, Caps{})
		_, err := p.Pull(background, "t", e.name(), nil)
		wantKind(t, err, glovebox.KindImageCorrupt)
		wantEmpty(t, blobs)
	})
}

// TestTimeCap: a registry that trickles is cut off by the cap on the whole.
func TestTimeCap(t *testing.T) {
	e := newEvil(t)
	img := simple(t, 1<<20)
	e.add(t, img)
	layers, _ := img.Layers()
	e.setHook(onBlob(e, digestOf(t, layers[0]), func(w http.ResponseWriter, r *http.Request) {
		for i := range 1 << 20 {
			if _, err := w.Write([]byte{byte(i)}); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}))
	p, _ := newPuller(t, Caps{Time: 300 * time.Millisecond})
	started := time.Now()
	_, err := p.Pull(background, "t", e.name(), nil)
	wantKind(t, err, glovebox.KindUnreachable)
	if took := time.Since(started); took > 2*time.Second {
		t.Fatalf("took %s", took)
	}
}

// TestCancel: the caller's end is the caller's error.
func TestCancel(t *testing.T) {
	e := newEvil(t)
	img := simple(t, 1000)
	e.add(t, img)
	ctx, cancel := context.WithCancel(background)
	e.setHook(func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		cancel()
		<-r.Context().Done()
		return true
	})
	p, _ := newPuller(t, Caps{})
	if _, err := p.Pull(ctx, "t", e.name(), nil); err != context.Canceled {
		t.Fatalf("error is %v, want the context's", err)
	}
}

// TestResume: a pull that was interrupted goes on, in a new process over the same
// folder, where the old one stopped.
func TestResume(t *testing.T) {
	const size = 4 << 20
	e := newEvil(t)
	img := simple(t, size)
	e.add(t, img)
	layers, _ := img.Layers()
	digest := digestOf(t, layers[0])
	whole := bytesOf(t, layers[0])
	half := len(whole) / 2
	e.setHook(onBlob(e, digest, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
		_, _ = w.Write(whole[:half])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	dir := t.TempDir()
	blobs, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := pullerOver(t, blobs, Caps{})
	p.Stock.Attempts = 1
	_, err = p.Pull(background, "t", e.name(), nil)
	wantKind(t, err, glovebox.KindUnreachable)
	if err := blobs.Close(); err != nil {
		t.Fatal(err)
	}

	e.setHook(nil)
	before := e.sentOf(digestOf(t, layers[1]))
	if blobs, err = folder.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	rec, err := pullerOver(t, blobs, Caps{}).Pull(background, "t", e.name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, rec)
	if sent := e.sentOf(digest); sent > int64(len(whole)-half+chunk) {
		t.Errorf("%d bytes were sent again, of %d; %d were there", sent, len(whole), half)
	}
	if e.sentOf(digestOf(t, layers[1])) != before {
		t.Error("a finished layer was fetched again")
	}
}

// TestResumeWithoutRanges: a server that starts over each time is fine, too, and
// so are one whose connections break, and a damaged first part.
func TestResumeWithoutRanges(t *testing.T) {
	img := simple(t, 2<<20)
	layers, _ := img.Layers()
	digest, whole := digestOf(t, layers[0]), bytesOf(t, layers[0])
	for name, ranges := range map[string]bool{"no ranges": false, "ranges": true} {
		t.Run(name, func(t *testing.T) {
			e := newEvil(t)
			e.add(t, img)
			var calls atomic.Int64
			e.setHook(onBlob(e, digest, func(w http.ResponseWriter, r *http.Request) {
				if !ranges {
					r.Header.Del("Range")
				}
				cut := int(calls.Add(1)) * (600 << 10) // each time some more before it breaks
				http.ServeContent(&cutWriter{w, cut}, r, "", time.Time{}, bytes.NewReader(whole))
			}))
			p, blobs := newPuller(t, Caps{})
			rec, err := p.Pull(background, "t", e.name(), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantWhole(t, blobs, rec)
			if calls.Load() < 2 {
				t.Fatal("nothing broke")
			}
		})
	}
	t.Run("damaged part", func(t *testing.T) {
		e := newEvil(t)
		e.add(t, img)
		p, blobs := newPuller(t, Caps{})
		hex := strings.TrimPrefix(digest, "sha256:")
		_, _ = blobs.Append(background, keyOf(hex), 0, make([]byte, 1000))
		_, _ = blobs.Append(background, ownerKey(hex), 0, []byte(tenantID("t")))
		rec, err := p.Pull(background, "t", e.name(), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantWhole(t, blobs, rec)
	})
}

// cutWriter breaks the connection after some bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(p)
}

// TestSharedPull: many pulls of one image fetch each blob once.
func TestSharedPull(t *testing.T) {
	e := newEvil(t)
	img := simple(t, 1<<20)
	e.add(t, img)
	p, blobs := newPuller(t, Caps{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := p.Pull(background, "t", e.name(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	layers, _ := img.Layers()
	for _, l := range layers {
		if sent, want := e.sentOf(digestOf(t, l)), int64(len(bytesOf(t, l))); sent != want {
			t.Errorf("%d bytes sent of a layer of %d", sent, want)
		}
	}
	if len(keysOf(t, blobs)) != 4+2 { // config, manifest, layers and a holder of each
		t.Errorf("blobs are %q", keysOf(t, blobs))
	}
	if len(p.Stock.pins.held) != 0 {
		t.Errorf("still held: %v", p.Stock.pins.held)
	}
}

// TestDigestIsNoPassword: a tenant that only knows the digest of another's layer
// does not get it from us.
func TestDigestIsNoPassword(t *testing.T) {
	secret := newEvil(t)
	img := simple(t, 1000)
	secret.add(t, img)
	p, blobs := newPuller(t, Caps{})
	rec, err := p.Pull(background, "owner", secret.name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	thief := newEvil(t)
	d := thief.add(t, img)
	for _, l := range rec.Layers {
		delete(thief.blobs, l.Digest)
	}
	thief.serve(d)
	_, err = p.Pull(background, "thief", thief.name(), nil)
	wantKind(t, err, glovebox.KindImageCorrupt)
	wantWhole(t, blobs, rec) // and the owner's is untouched

	layers, _ := img.Layers()
	thief.blobs[rec.Layers[0].Digest] = flip(bytesOf(t, layers[0])) // nor by a guess
	_, err = p.Pull(background, "thief", thief.name(), nil)
	wantKind(t, err, glovebox.KindImageCorrupt)
	wantWhole(t, blobs, rec)

	if _, err := p.Pull(background, "third", secret.name(), nil); err != nil { // who can read it there may have it
		t.Fatal(err)
	}
}

// TestFailureSparesOthers: a bad image with a layer of a good one takes nothing
// along when it goes.
func TestFailureSparesOthers(t *testing.T) {
	shared := plain(tarOf(t, regular("shared")))
	good := imageOf(t, nil, shared)
	bad := imageOf(t, nil, shared, plain(tarOf(t, regular("../evil"))))
	for _, first := range []v1.Image{good, bad} {
		e, f := newEvil(t), newEvil(t)
		e.add(t, good)
		f.add(t, bad)
		p, blobs := newPuller(t, Caps{})
		if first == bad {
			_, err := p.Pull(background, "t", f.name(), nil)
			wantKind(t, err, glovebox.KindImageInvalid)
			wantEmpty(t, blobs)
		}
		rec, err := p.Pull(background, "t", e.name(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Pull(background, "t", f.name(), nil)
		wantKind(t, err, glovebox.KindImageInvalid)
		wantWhole(t, blobs, rec)
		if n := len(keysOf(t, blobs)); n != 4 {
			t.Fatalf("%d objects are left: %q", n, keysOf(t, blobs))
		}
	}
}
