package images

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

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
			onLayer(e, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
			})
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
			if strings.HasPrefix(name, "stalled") || strings.HasPrefix(name, "silent") {
				p.hurry()
			}
			started := time.Now()
			rec, err := p.Pull(background, "t", e.name(), nil)
			if took := time.Since(started); took > 9*time.Second && p.StallTimeout < time.Second {
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
