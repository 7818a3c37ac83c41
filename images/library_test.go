package images

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/memory"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// records is a glovebox.Images in memory whose calls can be made to fail.
type records struct {
	mu   sync.Mutex
	all  map[string]glovebox.Image
	fail error
}

func (r *records) PutImage(_ context.Context, img glovebox.Image, _ ...glovebox.AuditEvent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[string]glovebox.Image{}
	}
	if r.fail == nil {
		r.all[img.Tenant+" "+img.Name] = img
	}
	return r.fail
}

func (r *records) Image(_ context.Context, tenant, name string) (glovebox.Image, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	img, ok := r.all[tenant+" "+name]
	if !ok && r.fail == nil {
		return img, glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", name)
	}
	return img, r.fail
}

func (r *records) Images(_ context.Context, tenant string) (list []glovebox.Image, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, img := range r.all {
		if tenant == glovebox.AnyTenant || img.Tenant == tenant {
			list = append(list, img)
		}
	}
	return list, r.fail
}

func (r *records) DeleteImage(_ context.Context, tenant, name string, _ ...glovebox.AuditEvent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, tenant+" "+name)
	return r.fail
}

func newLibrary(t *testing.T) (*Library, *records, glovebox.Blobs) {
	p, blobs := newPuller(t, Caps{})
	images := &records{}
	return &Library{Images: images, Puller: p, Importer: &Importer{Stock: p.Stock, Dir: t.TempDir()}}, images, blobs
}

func (e *evil) count(part string) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.requests {
		if strings.Contains(r, part) {
			n++
		}
	}
	return n
}

// TestPolicies: when the registry is asked, and when it is not.
func TestPolicies(t *testing.T) {
	l, _, blobs := newLibrary(t)
	e := newEvil(t)
	e.add(t, simple(t, 100))
	resolve := func(policy string) (glovebox.Image, error) { return l.Resolve(background, "t", e.name(), policy) }

	_, err := resolve(glovebox.PullNever)
	wantKind(t, err, glovebox.KindImageUnknown)
	if e.count("") != 0 {
		t.Fatal("Never asks the registry")
	}
	first, err := resolve("")
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, first)
	asked := e.count("")
	for _, policy := range []string{"", glovebox.PullIfNotPresent, glovebox.PullNever} {
		if img, err := resolve(policy); err != nil || img.Digest != first.Digest || e.count("") != asked {
			t.Fatalf("%q with a local image: %v; %d requests", policy, err, e.count("")-asked)
		}
	}
	if img, err := resolve(glovebox.PullAlways); err != nil || img.Digest != first.Digest || e.count("/blobs/") != 3 {
		t.Fatalf("Always without a change: %v; %d blobs fetched", err, e.count("/blobs/"))
	}
	if e.count("") == asked {
		t.Fatal("Always does not ask the registry")
	}
	e.add(t, simple(t, 200))
	if img, err := resolve(""); err != nil || img.Digest != first.Digest {
		t.Fatalf("IfNotPresent after a change: %v", err)
	}
	if img, err := resolve(glovebox.PullAlways); err != nil || img.Digest == first.Digest {
		t.Fatalf("Always after a change: %v", err)
	}
	_, err = resolve("Sometimes")
	wantKind(t, err, glovebox.KindInvalid)
	if _, err := l.Resolve(background, "other", e.name(), glovebox.PullNever); glovebox.KindOf(err) != glovebox.KindImageUnknown {
		t.Fatalf("another tenant's image: %v", err)
	}
}

// TestResolveShares: a burst of jobs with one image is one pull, which does not
// end with the first of them.
func TestResolveShares(t *testing.T) {
	l, _, _ := newLibrary(t)
	e := newEvil(t)
	e.add(t, simple(t, 100))
	first, cancel := context.WithCancel(background)
	var once sync.Once
	release := make(chan struct{})
	e.setHook(onAnyManifest(func() { once.Do(func() { cancel(); <-release }) }))
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := l.Resolve(first, "t", e.name(), ""); !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled one: %v", err)
		}
		close(release)
	})
	<-first.Done()
	for range 10 {
		wg.Go(func() {
			if _, err := l.Resolve(background, "t", e.name(), ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := e.count("/blobs/"); n != 3 {
		t.Errorf("%d blobs were fetched, want 3", n)
	}
}

// TestLibraryHeals: a record whose blobs have gone is pulled again.
func TestLibraryHeals(t *testing.T) {
	l, images, blobs := newLibrary(t)
	e := newEvil(t)
	e.add(t, simple(t, 100))
	img, err := l.Resolve(background, "t", e.name(), "")
	if err != nil {
		t.Fatal(err)
	}
	gone := strings.TrimPrefix(img.Layers[0].Digest, "sha256:")
	if err := blobs.Delete(background, keyOf(gone)); err != nil {
		t.Fatal(err)
	}
	again := &Library{Images: images, Puller: l.Puller, Importer: l.Importer} // a new process
	if img, err = again.Resolve(background, "t", e.name(), ""); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, img)
}

// TestLibraryImport: what was imported is found by its names, and without one by
// its digest, under every policy that makes sense.
func TestLibraryImport(t *testing.T) {
	l, images, blobs := newLibrary(t)
	docker := dockerSaved(t, map[string]v1.Image{"busybox:bar": simple(t, 10)})
	if _, err := l.Import(background, bytes.NewReader(docker), Import{Tenant: "t"}); err != nil {
		t.Fatal(err)
	}
	layoutTar := tarDir(t, layoutDir(t, map[v1.Image]map[string]string{simple(t, 20): nil}))
	all, err := l.Import(background, bytes.NewReader(layoutTar), Import{Tenant: "t"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"busybox:bar", "docker.io/library/busybox:bar", all[0].Digest} {
		for _, policy := range []string{"", glovebox.PullNever} {
			if _, err := l.Resolve(background, "t", name, policy); err != nil {
				t.Errorf("%s, %q: %v", name, policy, err)
			}
		}
	}
	if _, err := l.Resolve(background, "t", all[0].Digest, glovebox.PullAlways); err != nil {
		t.Error(err)
	}
	var out bytes.Buffer
	if err := l.Blob(background, all[0].Layers[0].Digest, 100, &out); err != nil || int64(out.Len()) != all[0].Layers[0].Size-100 {
		t.Errorf("Blob: %d bytes, %v", out.Len(), err)
	}
	if err := l.Remove(background, "somebody", "t", "busybox:bar"); err != nil {
		t.Error(err)
	}
	if _, err := l.Resolve(background, "t", "busybox:bar", glovebox.PullNever); glovebox.KindOf(err) != glovebox.KindImageUnknown {
		t.Errorf("after Remove: %v", err)
	}

	before := len(keysOf(t, blobs)) // a record that cannot be written leaves nothing
	images.fail = glovebox.Errorf(glovebox.KindUnavailable, "store is full")
	_, err = l.Import(background, bytes.NewReader(dockerSaved(t, map[string]v1.Image{"x:1": simple(t, 30)})), Import{Tenant: "t"})
	if glovebox.KindOf(err) != glovebox.KindUnavailable || len(keysOf(t, blobs)) != before {
		t.Errorf("store is full: %v; %d objects, %d before", err, len(keysOf(t, blobs)), before)
	}
}

// TestAllow: a tenant's policy is asked with the normalized name, before anything
// happens.
func TestAllow(t *testing.T) {
	l, _, blobs := newLibrary(t)
	l.Allow = func(_ context.Context, _, name string) error {
		if name == "docker.io/library/busybox:bar" {
			return nil
		}
		return glovebox.Errorf(glovebox.KindImageDenied, "source of %s is not allowed", name).Try("ask an admin")
	}
	e := newEvil(t)
	e.add(t, simple(t, 10))
	_, err := l.Resolve(background, "t", e.name(), "")
	wantKind(t, err, glovebox.KindImageDenied)
	if e.count("") != 0 {
		t.Fatal("the registry was asked")
	}
	_, err = l.Import(background, bytes.NewReader(dockerSaved(t, map[string]v1.Image{"x:1": simple(t, 10)})), Import{Tenant: "t"})
	wantKind(t, err, glovebox.KindImageDenied)
	wantEmpty(t, blobs)
	docker := dockerSaved(t, map[string]v1.Image{"busybox:bar": simple(t, 10)})
	if _, err = l.Import(background, bytes.NewReader(docker), Import{Tenant: "t"}); err != nil {
		t.Fatal(err)
	}
}

// TestResolveByDigest: a digest finds what the tenant has under other names of the
// repository, or any name for the digest alone, and no registry is asked.
func TestResolveByDigest(t *testing.T) {
	l, _, _ := newLibrary(t)
	e := newEvil(t)
	e.add(t, simple(t, 100))
	pulled, err := l.Resolve(background, "t", e.name(), "")
	if err != nil {
		t.Fatal(err)
	}
	asked := e.count("")
	docker := dockerSaved(t, map[string]v1.Image{"busybox:bar": simple(t, 10)})
	all, err := l.Import(background, bytes.NewReader(docker), Import{Tenant: "t"})
	if err != nil {
		t.Fatal(err)
	}
	imported := all[0]
	repo, _ := splitDigest(pulled.Name)
	for name, want := range map[string]string{
		"busybox@" + imported.Digest:     imported.Name,
		"busybox:bar@" + imported.Digest: imported.Name,
		"busybox:foo@" + imported.Digest: imported.Name,
		imported.Digest:                  imported.Name,
		repo + "@" + pulled.Digest:       pulled.Name,
		pulled.Digest:                    pulled.Name,
	} {
		for _, policy := range []string{"", glovebox.PullIfNotPresent, glovebox.PullNever} {
			if img, err := l.Resolve(background, "t", name, policy); err != nil || img.Name != want {
				t.Errorf("%s, %q: %q, %v; want %s", name, policy, img.Name, err, want)
			}
		}
		_, err := l.Resolve(background, "other", name, glovebox.PullNever)
		if glovebox.KindOf(err) != glovebox.KindImageUnknown {
			t.Errorf("%s of another tenant: %v", name, err)
		}
	}
	for _, name := range []string{"alpine@" + imported.Digest, "busybox@" + pulled.Digest, "sha256:" + hex64} {
		_, err := l.Resolve(background, "t", name, glovebox.PullNever)
		wantKind(t, err, glovebox.KindImageUnknown)
	}
	if n := e.count("") - asked; n != 0 {
		t.Errorf("the registry was asked %d times", n)
	}

	l.Allow = func(_ context.Context, _, name string) error {
		if name == imported.Name {
			return glovebox.Errorf(glovebox.KindImageDenied, "not allowed any more")
		}
		return nil
	}
	_, err = l.Resolve(background, "t", imported.Digest, glovebox.PullNever)
	wantKind(t, err, glovebox.KindImageUnknown)
}

// TestResolveAfterMove: a name that was moved does not take a digest along. What
// is not kept any more comes from the registry, or is missed; nothing else stands
// in for it.
func TestResolveAfterMove(t *testing.T) {
	l, _, _ := newLibrary(t)
	e := newEvil(t)
	resolve := func(name, policy string) glovebox.Image {
		t.Helper()
		img, err := l.Resolve(background, "t", name, policy)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	kept := func(name string, img v1.Image) string {
		t.Helper()
		all, err := l.Import(background, bytes.NewReader(dockerSaved(t, map[string]v1.Image{name: img})), Import{Tenant: "t"})
		if err != nil {
			t.Fatal(err)
		}
		return all[0].Digest
	}
	e.add(t, simple(t, 100))
	pulled := resolve(e.name(), "")
	e.add(t, simple(t, 200))
	if moved := resolve(e.name(), glovebox.PullAlways); moved.Digest == pulled.Digest {
		t.Fatal("the name was not moved")
	}
	for _, policy := range []string{"", glovebox.PullAlways, glovebox.PullNever} {
		if img := resolve(e.name()+"@"+pulled.Digest, policy); img.Digest != pulled.Digest {
			t.Errorf("%q: %s, want %s", policy, img.Digest, pulled.Digest)
		}
	}

	signed := kept("busybox:bar", simple(t, 10))
	kept("busybox:too", simple(t, 10))
	if moved := kept("busybox:bar", simple(t, 20)); moved == signed || resolve("busybox:bar", "").Digest != moved {
		t.Fatal("the name was not moved")
	}
	for _, name := range []string{"busybox:bar@" + signed, "busybox@" + signed, signed} {
		if img := resolve(name, ""); img.Digest != signed {
			t.Errorf("%s: %s", name, img.Digest)
		}
	}
	if err := l.Remove(background, "somebody", "t", "busybox:too"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"busybox:bar@" + signed, "busybox@" + signed, signed} {
		_, err := l.Resolve(background, "t", name, glovebox.PullNever)
		wantKind(t, err, glovebox.KindImageUnknown)
	}
}

func noJobs(context.Context) (map[string]bool, error) { return nil, nil }

// TestCollector: only what nothing needs goes, and only after the grace period.
func TestCollector(t *testing.T) {
	l, images, blobs := newLibrary(t)
	e := newEvil(t)
	e.add(t, simple(t, 100))
	img, err := l.Resolve(background, "t", e.name(), "")
	if err != nil {
		t.Fatal(err)
	}
	stray := strings.Repeat("ab", 32) // an interrupted pull of long ago
	for _, key := range []string{keyOf(stray), ownerKey(stray), "out/job/stdout"} {
		if _, err := blobs.Append(background, key, 0, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	c := &Collector{Stock: l.Puller.Stock, Images: images}
	now := time.Unix(1_000_000, 0)
	run := func(after time.Duration, jobs func(context.Context) (map[string]bool, error)) Collected {
		t.Helper()
		now = now.Add(after)
		done, err := c.Collect(background, now, time.Hour, jobs)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	if got := run(0, noJobs); got.Removed != 0 || got.Waiting != 1 {
		t.Fatalf("at first: %+v", got)
	}
	if got := run(59*time.Minute, noJobs); got.Removed != 0 || got.Waiting != 1 {
		t.Fatalf("within the grace period: %+v", got)
	}
	if got := run(time.Minute, noJobs); got.Removed != 1 || got.Bytes != 1 {
		t.Fatalf("after it: %+v", got)
	}
	wantWhole(t, blobs, img)

	_ = images.DeleteImage(background, "t", img.Name) // a job still runs with it
	job := func(context.Context) (map[string]bool, error) { return map[string]bool{img.Digest: true}, nil }
	odd := func(context.Context) (map[string]bool, error) { // is no reason to stop
		return map[string]bool{img.Digest: true, "": true, "sha256:": true, "../x": true, "sha512:" + hex64: true}, nil
	}
	run(0, odd)
	if got := run(2*time.Hour, odd); got.Removed != 0 || got.Waiting != 0 {
		t.Fatalf("with odd digests: %+v", got)
	}
	run(0, job)
	if got := run(2*time.Hour, job); got.Removed != 0 || got.Waiting != 0 {
		t.Fatalf("while a job needs it: %+v", got)
	}
	wantWhole(t, blobs, img)
	run(0, noJobs)
	if got := run(2*time.Hour, noJobs); got.Removed != 4 {
		t.Fatalf("when nothing needs it: %+v", got)
	}
	if keys := keysOf(t, blobs); len(keys) != 1 || !strings.HasPrefix(keys[0], "out/job/stdout") {
		t.Fatalf("left: %q", keys)
	}
}

// TestCollectorFailedReads: nothing goes if anything could not be read.
func TestCollectorFailedReads(t *testing.T) {
	broken := glovebox.Errorf(glovebox.KindUnavailable, "no answer")
	blobs := memory.New()
	_, _ = blobs.Append(background, keyOf(hex64), 0, []byte("not a manifest"))
	images := &records{}
	c := &Collector{Stock: NewStock(blobs, Caps{}), Images: images}
	now := time.Unix(0, 0)
	_, _ = c.Collect(background, now, 0, noJobs)
	for what, run := range map[string]func() error{
		"store": func() error {
			images.fail = broken
			defer func() { images.fail = nil }()
			_, err := c.Collect(background, now.Add(time.Hour), 0, noJobs)
			return err
		},
		"jobs": func() error {
			_, err := c.Collect(background, now.Add(time.Hour), 0, func(context.Context) (map[string]bool, error) { return nil, broken })
			return err
		},
		"manifest": func() error {
			_, err := c.Collect(background, now.Add(time.Hour), 0, func(context.Context) (map[string]bool, error) {
				return map[string]bool{"sha256:" + hex64: true}, nil
			})
			return err
		},
	} {
		if err := run(); err == nil {
			t.Errorf("%s: no error", what)
		}
		if len(keysOf(t, blobs)) != 1 {
			t.Fatalf("%s: something was removed", what)
		}
	}
}

// TestCollectorSparesPulls: blobs that a pull under way relies on stay, even if no
// record has them and their grace is over.
func TestCollectorSparesPulls(t *testing.T) {
	l, images, blobs := newLibrary(t)
	e := newEvil(t)
	img := simple(t, 100)
	e.add(t, img)
	rec, err := l.Resolve(background, "t", e.name(), "")
	if err != nil {
		t.Fatal(err)
	}
	_ = images.DeleteImage(background, "t", rec.Name)
	c := &Collector{Stock: l.Puller.Stock, Images: images}
	_, _ = c.Collect(background, time.Unix(0, 0), 0, noJobs)

	// Second pull: the record is about to be written when the collector comes.
	_, err = l.Puller.pull(background, "t", e.name(), nil, func(ctx context.Context, img glovebox.Image) error {
		if got, err := c.Collect(ctx, time.Unix(10_000, 0), time.Second, noJobs); err != nil || got.Removed != 0 {
			t.Errorf("during a pull: %+v, %v", got, err)
		}
		return images.PutImage(ctx, img)
	})
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, rec)
}

// TestCollectorRace: pulls and collections without grace, at once.
func TestCollectorRace(t *testing.T) {
	l, images, blobs := newLibrary(t)
	e := newEvil(t)
	e.add(t, simple(t, 100))
	c := &Collector{Stock: l.Puller.Stock, Images: images}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := int64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
				if _, err := c.Collect(background, time.Unix(i, 0), 0, noJobs); err != nil {
					t.Errorf("Collect: %v", err)
				}
			}
		}
	})
	for range 30 {
		rec, err := l.Puller.pull(background, "t", e.name(), nil, func(ctx context.Context, img glovebox.Image) error { return images.PutImage(ctx, img) })
		if err != nil {
			t.Errorf("pull: %v", err)
			break
		}
		wantWhole(t, blobs, rec)
		_ = images.DeleteImage(background, "t", rec.Name)
	}
	close(stop)
	wg.Wait()
}
