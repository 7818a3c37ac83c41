package upload_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"glovebox"
	blobs "glovebox/blob/memory"
	"glovebox/store/memory"
	"glovebox/upload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type rig struct {
	*upload.Registry
	t     *testing.T
	blobs glovebox.Blobs
	store glovebox.Store
	now   time.Time
	used  map[string]bool
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, blobs: blobs.New(), store: memory.New(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), used: map[string]bool{}}
	r.Registry = upload.Open(r.store, r.blobs, t.TempDir(), func() time.Time { return r.now })
	return r
}

func (r *rig) put(tenant, content string) upload.File {
	r.t.Helper()
	f, err := r.Put(r.t.Context(), tenant, strings.NewReader(content))
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

func (r *rig) collect() int {
	r.t.Helper()
	n, err := r.Collect(r.t.Context(), r.now, func(context.Context) (map[string]bool, error) { return r.used, nil })
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// kept counts the blobs.
func (r *rig) kept() (n int) {
	r.t.Helper()
	if err := r.blobs.List(r.t.Context(), "", func(string, glovebox.BlobInfo) error { n++; return nil }); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) read(tenant, digest string, offset int64) (string, error) {
	var b bytes.Buffer
	err := r.ReadFile(r.t.Context(), tenant, digest, offset, func(p []byte) error { b.Write(p); return nil })
	return b.String(), err
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestPut(t *testing.T) {
	r := newRig(t)
	f := r.put("a", "hello")
	if f.Digest != digestOf("hello") || f.Size != 5 || !f.Until.Equal(r.now.Add(upload.KeepTime)) {
		t.Fatalf("%+v", f)
	}
	if got, err := r.Get(t.Context(), "a", f.Digest); err != nil || got != f {
		t.Errorf("%+v, %v", got, err)
	}
	for offset, want := range map[int64]string{0: "hello", 2: "llo", 5: ""} {
		if got, err := r.read("a", f.Digest, offset); err != nil || got != want {
			t.Errorf("from %d: %q, %v", offset, got, err)
		}
	}
	if again := r.put("a", "hello"); again != f || r.kept() != 1 {
		t.Errorf("%+v, %d blobs", again, r.kept())
	}
	if empty := r.put("a", ""); empty.Size != 0 || empty.Digest != digestOf("") {
		t.Errorf("%+v", empty)
	}
}

// TestTenants: what one tenant has, another cannot tell from what nobody has.
func TestTenants(t *testing.T) {
	r := newRig(t)
	f := r.put("a", "hello")
	mine := func(tenant string) error {
		_, err := r.Use(t.Context(), tenant, []glovebox.InputFile{{Path: "/a", Digest: f.Digest}})
		return err
	}
	if err := mine("a"); err != nil {
		t.Fatal(err)
	}
	theirs := mine("b")
	_, nobodys := r.Use(t.Context(), "b", []glovebox.InputFile{{Path: "/a", Digest: digestOf("nobody has this")}})
	if glovebox.KindOf(theirs) != glovebox.KindInvalid || glovebox.AsError(theirs).Field != "files[0].digest" || theirs.Error() != nobodys.Error() {
		t.Errorf("%v, and %v", theirs, nobodys)
	}
	if _, err := r.Get(t.Context(), "b", f.Digest); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Error(err)
	}
	if _, err := r.read("b", f.Digest, 0); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Error(err)
	}
	r.put("b", "hello")
	if mine("b") != nil || r.kept() != 2 {
		t.Errorf("%d blobs", r.kept())
	}
}

func TestUse(t *testing.T) {
	r := newRig(t)
	a, b := r.put("a", "one"), r.put("a", "three")
	files := []glovebox.InputFile{{Digest: a.Digest}, {Digest: b.Digest, Size: 5}}
	if sizes, err := r.Use(t.Context(), "a", files); err != nil || sizes[0] != 3 || sizes[1] != 5 {
		t.Errorf("%v, %v", sizes, err)
	}
	files[1].Size = 6
	if _, err := r.Use(t.Context(), "a", files); glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != "files[1].size" {
		t.Error(err)
	}
}

// TestCollect: a file goes a day after it was used last, unless a job that is not
// over names it, and can come again.
func TestCollect(t *testing.T) {
	r := newRig(t)
	f := r.put("a", "hello")
	files := []glovebox.InputFile{{Digest: f.Digest}}
	r.now = r.now.Add(20 * time.Hour)
	if _, err := r.Use(t.Context(), "a", files); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(20 * time.Hour)
	if n := r.collect(); n != 0 {
		t.Fatalf("%d removed", n)
	}
	r.now = r.now.Add(5 * time.Hour)
	r.used["a/"+f.Digest] = true
	if n := r.collect(); n != 0 {
		t.Fatalf("%d removed that a job names", n)
	}
	delete(r.used, "a/"+f.Digest)
	if n := r.collect(); n != 1 || r.kept() != 0 {
		t.Fatalf("%d removed, %d blobs left", n, r.kept())
	}
	if _, err := r.Use(t.Context(), "a", files); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Error(err)
	}
	r.put("a", "hello")
	if got, err := r.read("a", f.Digest, 0); err != nil || got != "hello" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestTooMuch: a tenant has so much at one time, others are not touched by it,
// and what goes makes room.
func TestTooMuch(t *testing.T) {
	r := newRig(t)
	if _, err := r.Put(t.Context(), "a", io.LimitReader(zeros{}, glovebox.MaxInputFileBytes+1)); glovebox.KindOf(err) != glovebox.KindTooLarge {
		t.Errorf("one that is too large: %v", err)
	}
	r.Bound(10, 40)
	n := 0
	var err error
	for ; err == nil; n++ {
		_, err = r.Put(t.Context(), "a", strings.NewReader(strings.Repeat("x", n+1)))
	}
	if glovebox.KindOf(err) != glovebox.KindTooMany || n != 9 || glovebox.AsError(err).Hint == "" { // 1 + … + 8 = 36
		t.Fatalf("the %dth: %v", n, err)
	}
	r.put("b", "fine")
	r.put("a", "ok")
	r.put("a", "")
	if _, err = r.Put(t.Context(), "a", strings.NewReader("y")); glovebox.KindOf(err) != glovebox.KindTooMany {
		t.Errorf("the 11th file: %v", err)
	}
	r.put("a", "ok") // is here already
	r.now = r.now.Add(25 * time.Hour)
	if got := r.collect(); got != 11 || r.kept() != 0 {
		t.Errorf("%d removed, %d left", got, r.kept())
	}
	r.put("a", "fine")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestBroken: a body that breaks off leaves nothing.
func TestBroken(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	r.Registry = upload.Open(r.store, r.blobs, dir, time.Now)
	broke := errors.New("broke off")
	if _, err := r.Put(t.Context(), "a", io.MultiReader(strings.NewReader("half"), failing{broke})); !errors.Is(err, broke) {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 || r.kept() != 0 {
		t.Errorf("%v, %v, %d blobs", left, err, r.kept())
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestBreaks: each write is made to fail once, before or after it took effect;
// the same call again does it, and in the end nothing is left over.
func TestBreaks(t *testing.T) {
	for k := range 12 {
		for _, late := range []bool{false, true} {
			r := newRig(t)
			f := &faulty{Store: r.store, Blobs: r.blobs, left: k, late: late}
			r.Registry = upload.Open(f, faultyBlobs{f}, t.TempDir(), func() time.Time { return r.now })
			var err error
			for range 3 {
				if _, err = r.Put(t.Context(), "a", strings.NewReader("hello")); err == nil {
					break
				}
			}
			if err != nil {
				t.Fatalf("k=%d: %v", k, err)
			}
			if got, err := r.read("a", digestOf("hello"), 0); err != nil || got != "hello" {
				t.Fatalf("k=%d: %q, %v", k, got, err)
			}
			r.now = r.now.Add(25 * time.Hour)
			for range 3 {
				if _, err = r.Collect(t.Context(), r.now, func(context.Context) (map[string]bool, error) { return nil, nil }); err == nil {
					break
				}
			}
			if err != nil || r.kept() != 0 {
				t.Fatalf("k=%d late=%v: %v, %d blobs left", k, late, err, r.kept())
			}
			rec, err := r.store.Record(t.Context(), "file_sum", "a")
			if err != nil || string(rec.Value) != `{"files":0,"bytes":0}` {
				t.Errorf("k=%d late=%v: sum %s, %v", k, late, rec.Value, err)
			}
		}
	}
}

// faulty fails the call after so many, before or after its effect.
type faulty struct {
	glovebox.Store
	glovebox.Blobs
	left int
	late bool
}

func (f *faulty) through(call func() error) error {
	f.left--
	if f.left != -1 {
		return call()
	}
	if f.late {
		_ = call()
	}
	return glovebox.Errorf(glovebox.KindUnavailable, "a fault")
}

func (f *faulty) Commit(ctx context.Context, w []glovebox.Write, e ...glovebox.AuditEvent) error {
	return f.through(func() error { return f.Store.Commit(ctx, w, e...) })
}

func (f *faulty) ListRecords(ctx context.Context, kind, prefix, after string, limit int) ([]glovebox.Record, error) {
	return f.Store.ListRecords(ctx, kind, prefix, after, limit)
}

type faultyBlobs struct{ *faulty }

func (f faultyBlobs) List(ctx context.Context, prefix string, g func(string, glovebox.BlobInfo) error) error {
	return f.Blobs.List(ctx, prefix, g)
}

func (f faultyBlobs) Put(ctx context.Context, key string, r io.Reader) (n int64, err error) {
	err = f.through(func() error { n, err = f.Blobs.Put(ctx, key, r); return err })
	return n, err
}

func (f faultyBlobs) Delete(ctx context.Context, keys ...string) error {
	return f.through(func() error { return f.Blobs.Delete(ctx, keys...) })
}

// TestCrowd: many at a time, with one that removes what it can.
func TestCrowd(t *testing.T) {
	r := newRig(t)
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() {
			for range 20 {
				if _, err := r.Put(t.Context(), "a", strings.NewReader("same")); err != nil && glovebox.KindOf(err) != glovebox.KindUnavailable {
					t.Error(err)
				}
			}
		})
	}
	crowd.Go(func() {
		for range 50 {
			_, err := r.Collect(t.Context(), r.now.Add(25*time.Hour), func(context.Context) (map[string]bool, error) { return nil, nil })
			if err != nil {
				t.Error(err)
			}
		}
	})
	crowd.Wait()
	r.put("a", "same")
	if got, err := r.read("a", digestOf("same"), 0); err != nil || got != "same" || r.kept() != 1 {
		t.Errorf("%q, %v, %d blobs", got, err, r.kept())
	}
}
