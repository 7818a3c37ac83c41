package images

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"

	"github.com/google/go-containerregistry/pkg/name"
	testregistry "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
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

func onAnyManifest(f func()) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/manifests/") {
			f()
		}
		return false
	}
}
