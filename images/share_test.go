package images

import (
	"sync"
	"testing"

	"glovebox"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

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
	thief.mu.Lock()
	thief.blobs[rec.Layers[0].Digest] = flip(bytesOf(t, layers[0])) // nor by a guess
	thief.mu.Unlock()
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
