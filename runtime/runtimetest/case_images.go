package runtimetest

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"glovebox"
)

// images: unpacked once, shared, refused when corrupt, and gone when removed.
func (s suite) images(t *testing.T) {
	s.check(t, "again costs nothing", func(t *testing.T) {
		before := s.img.Fetched()
		if err := s.sys.EnsureImage(t.Context(), s.img.Image, s.img.Fetch); err != nil {
			t.Fatal(err)
		}
		if n := s.img.Fetched() - before; n != 0 {
			t.Errorf("an image that is there was fetched again, %d blobs", n)
		}
		s.wantImage(t, s.img.Digest, true)
	})
	s.check(t, "together share the work, layers are shared", func(t *testing.T) {
		img := NewImage(t, []File{{Name: "more", Mode: 0o644, Body: "two layers\n"}})
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if err := s.sys.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := img.Fetched(); n > 2 || s.n.Real && n != 1 {
			t.Errorf("%d blobs were fetched", n)
		}
		if s.n.Real {
			spec := s.spec("cat", "/more")
			spec.Image = img.Image
			if j, exit := s.run(t, spec, nil); exit.Code != 0 || j.stdout() != "two layers\n" {
				t.Errorf("exit %+v, stdout %q", exit, j.stdout())
			}
		}
		if err := s.sys.RemoveImage(t.Context(), img.Digest); err != nil {
			t.Error(err)
		}
		s.wantImage(t, img.Digest, false)
		s.wantImage(t, s.img.Digest, true)
	})
	s.check(t, "in use", func(t *testing.T) {
		j := s.newJob(t, s.spec("sleep", "30"), nil).start()
		wantKind(t, s.sys.RemoveImage(t.Context(), s.img.Digest), glovebox.KindConflict)
		j.destroy()
		if err := s.sys.RemoveImage(t.Context(), s.img.Digest); err != nil {
			t.Error(err)
		}
		if err := s.sys.RemoveImage(t.Context(), s.img.Digest); err != nil {
			t.Errorf("removing what is not there: %v", err)
		}
		s.wantImage(t, s.img.Digest, false)
		if err := s.sys.EnsureImage(t.Context(), s.img.Image, s.img.Fetch); err != nil {
			t.Fatal(err)
		}
	})
	s.check(t, "fetch fails", s.failingFetch)
	if s.n.Real {
		s.check(t, "resumed", s.resumedFetch)
		s.check(t, "corrupt", s.corruptFetch)
	}
}

func (s suite) wantImage(t testing.TB, digest string, want bool) {
	t.Helper()
	digests, err := s.sys.ImageDigests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Contains(digests, digest); got != want {
		t.Errorf("image there: %v, want %v", got, want)
	}
}

func (s suite) failingFetch(t *testing.T) {
	img := NewImage(t, []File{{Name: "fails", Mode: 0o644, Body: "x"}})
	broken := errors.New("the line is dead")
	err := s.sys.EnsureImage(t.Context(), img.Image, func(context.Context, string, int64, io.Writer) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("error is %v, want the fetch's own", err)
	}
	s.wantImage(t, img.Digest, false)
	if err := s.sys.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Errorf("second try: %v", err)
	}
	if err := s.sys.RemoveImage(t.Context(), img.Digest); err != nil {
		t.Error(err)
	}
}

// resumedFetch breaks off in the middle of a layer; the next try must go on
// from there and not begin again.
func (s suite) resumedFetch(t *testing.T) {
	img := NewImage(t, []File{{Name: "big", Mode: 0o644, Body: noise(3 << 20)}})
	const part = 1 << 20
	broken := errors.New("cut")
	err := s.sys.EnsureImage(t.Context(), img.Image, func(ctx context.Context, d string, offset int64, w io.Writer) error {
		r, pw := io.Pipe()
		go func() { pw.CloseWithError(img.Fetch(ctx, d, offset, pw)) }()
		defer r.Close()
		if _, err := io.CopyN(w, r, part); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("error is %v", err)
	}
	var from int64
	err = s.sys.EnsureImage(t.Context(), img.Image, func(ctx context.Context, d string, offset int64, w io.Writer) error {
		from = offset
		return img.Fetch(ctx, d, offset, w)
	})
	if err != nil || from != part {
		t.Errorf("went on from %d, want %d: %v", from, part, err)
	}
	if err := s.sys.RemoveImage(t.Context(), img.Digest); err != nil {
		t.Error(err)
	}
}

func (s suite) corruptFetch(t *testing.T) {
	img := NewImage(t, []File{{Name: "corrupt", Mode: 0o644, Body: noise(1 << 16)}})
	lies := map[string]func(p []byte) []byte{
		"changed byte": func(p []byte) []byte { p[len(p)/2] ^= 1; return p },
		"too short":    func(p []byte) []byte { return p[:len(p)-1] },
		"too long":     func(p []byte) []byte { return append(p, 'x') },
	}
	for name, lie := range lies {
		err := s.sys.EnsureImage(t.Context(), img.Image, func(ctx context.Context, d string, offset int64, w io.Writer) error {
			var b bytesBuffer
			if err := img.Fetch(ctx, d, offset, &b); err != nil {
				return err
			}
			_, _ = w.Write(lie(b))
			return nil
		})
		if glovebox.KindOf(err) != glovebox.KindImageCorrupt {
			t.Errorf("%s: error is %v, want KindImageCorrupt", name, err)
		}
		s.wantImage(t, img.Digest, false)
	}
	wrong := img.Image
	wrong.Layers = slices.Clone(wrong.Layers)
	last := len(wrong.Layers) - 1
	wrong.Layers[last].DiffID = wrong.Layers[0].DiffID
	wantKind(t, s.sys.EnsureImage(t.Context(), wrong, img.Fetch), glovebox.KindImageCorrupt)
	if err := s.sys.EnsureImage(t.Context(), img.Image, img.Fetch); err != nil {
		t.Errorf("after all the lies, the truth: %v", err)
	}
	if err := s.sys.RemoveImage(t.Context(), img.Digest); err != nil {
		t.Error(err)
	}
}

type bytesBuffer []byte

func (b *bytesBuffer) Write(p []byte) (int, error) { *b = append(*b, p...); return len(p), nil }
