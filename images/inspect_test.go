package images

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"glovebox"
)

// withPip is an image with a package manager in each of two layers, one of them
// compressed.
func withPip(t testing.TB) v1.Image {
	return imageOf(t, func(c *v1.ConfigFile) {
		c.Config.Entrypoint, c.Config.ExposedPorts = []string{"python3"}, map[string]struct{}{"8080/tcp": {}}
	}, plain(tarOf(t, regular("usr/bin/apt-get"))), gzipped(t, tarOf(t, regular("usr/local/bin/pip3"), regular("etc/passwd"))))
}

// TestInspect: what is in all layers is found, for the tenant whose image it is,
// and read once.
func TestInspect(t *testing.T) {
	l, _, blobs := newLibrary(t)
	counted := &opened{Blobs: blobs}
	l.Puller.Stock.Blobs = counted
	if _, err := l.Import(background, bytes.NewReader(dockerSaved(t, map[string]v1.Image{"app:1": withPip(t)})), Import{Tenant: "t"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Inspect(background, "other", "app:1"); glovebox.KindOf(err) != glovebox.KindImageUnknown {
		t.Errorf("another tenant's: %v", err)
	}
	counted.n = 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			img, h, err := l.Inspect(background, "t", "app:1")
			if err != nil || img.Name != "docker.io/library/app:1" || !slices.Equal(h.Managers, []string{"apt", "pip"}) ||
				!slices.Equal(h.Listens, []string{"8080/tcp"}) || !slices.Equal(h.Command, []string{"python3", "/bin/sh"}) || len(h.Egress) != 4 {
				t.Errorf("%+v, %v", h, err)
			}
		})
	}
	wg.Wait()
	_, _, err := l.Inspect(background, "t", "app:1")
	counted.mu.Lock()
	defer counted.mu.Unlock()
	if err != nil || counted.n != 3 {
		t.Errorf("%d blobs were opened, want config and two layers; %v", counted.n, err)
	}
}

// opened counts the blobs that are opened.
type opened struct {
	glovebox.Blobs
	mu sync.Mutex
	n  int
}

func (o *opened) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	o.mu.Lock()
	o.n++
	o.mu.Unlock()
	return o.Blobs.Open(ctx, key, offset)
}

// TestInspectGivesUp: who does not wait any more ends it, and a blob that went
// away is an error that is not remembered.
func TestInspectGivesUp(t *testing.T) {
	l, _, blobs := newLibrary(t)
	all, err := l.Import(background, bytes.NewReader(dockerSaved(t, map[string]v1.Image{"app:1": withPip(t)})), Import{Tenant: "t"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, _, err := l.Inspect(ctx, "t", "app:1"); err == nil {
		t.Error("it goes on")
	}
	key := keyOf(all[0].Layers[1].Digest[len("sha256:"):])
	kept, err := blobs.Open(background, key, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if err := blobs.Delete(background, key); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Inspect(background, "t", "app:1"); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("a layer is missing: %v", err)
	}
	if _, err := blobs.Put(background, key, kept); err != nil {
		t.Fatal(err)
	}
	if _, h, err := l.Inspect(background, "t", "app:1"); err != nil || len(h.Managers) != 2 {
		t.Errorf("it is back: %+v, %v", h, err)
	}
}
