package folder

import (
	"context"
	"strings"
	"sync"
	"syscall"
	"testing"

	"glovebox"
)

var background = context.Background()

// TestEveryStepCanFail breaks each step of a life by name, wants the right kind,
// no half object, no temporary file, and that the same call works afterwards.
func TestEveryStepCanFail(t *testing.T) {
	life := map[string]struct {
		steps []string
		call  func(b *Blobs) error
		after string // objects that must exist after the failure
	}{
		"Put": {[]string{"put.create", "put.write", "put.sync", "put.link", "put.syncdirs"}, func(b *Blobs) error {
			_, err := b.Put(background, "d/k", strings.NewReader("abc"))
			return err
		}, ""},
		"Append": {[]string{"append.create", "append.write"}, func(b *Blobs) error {
			_, err := b.Append(background, "d/k", 0, []byte("abc"))
			return err
		}, ""},
		"Seal": {[]string{"seal.sync", "seal.mark", "seal.syncmark", "seal.syncdirs"}, func(b *Blobs) error {
			_, _ = b.Append(background, "d/k", 0, []byte("abc"))
			return b.Seal(background, "d/k")
		}, "d/k 3 open"},
	}
	for name, l := range life {
		seen := map[string]bool{}
		for _, step := range l.steps {
			t.Run(name+"/"+step, func(t *testing.T) {
				b := openDir(t, t.TempDir())
				b.fault = func(s string) error {
					if s == step {
						return syscall.ENOSPC
					}
					return nil
				}
				err := l.call(b)
				if glovebox.KindOf(err) != glovebox.KindUnavailable || glovebox.AsError(err).Hint == "" {
					t.Fatalf("error %v, want KindUnavailable with a hint", err)
				}
				if got := inventory(t, b); got != l.after {
					t.Fatalf("left %q, want %q", got, l.after)
				}
				b.fault = func(s string) error { seen[s] = true; return nil }
				if err := l.call(b); err != nil {
					t.Fatalf("the same call later: %v", err)
				}
			})
		}
		for step := range seen {
			if strings.HasPrefix(step, strings.ToLower(name)) && !strings.Contains(strings.Join(l.steps, " "), step) {
				t.Errorf("step %s is never broken", step)
			}
		}
	}
}

// inventory lists objects and temporary files.
func inventory(t *testing.T, b *Blobs) string {
	t.Helper()
	var all []string
	err := b.List(background, "", func(key string, info glovebox.BlobInfo) error {
		mark := " open"
		if info.Sealed {
			mark = " sealed"
		}
		all = append(all, key+" "+string(rune('0'+info.Size))+mark)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tmp, err := b.root.Open(tmpDir)
	if err != nil {
		t.Fatal(err)
	}
	defer tmp.Close()
	names, err := tmp.Readdirnames(-1)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(all, names...), ", ")
}

// TestFailedSealIsNotSealed: a seal that failed after its mark must be done again.
func TestFailedSealIsNotSealed(t *testing.T) {
	b := openDir(t, t.TempDir())
	if _, err := b.Append(background, "k", 0, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	b.fault = func(s string) error {
		if s == "seal.syncdirs" {
			return syscall.EIO
		}
		return nil
	}
	if err := b.Seal(background, "k"); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Fatalf("Seal: %v", err)
	}
	if info, err := b.Stat(background, "k"); err != nil || info.Sealed {
		t.Fatalf("Stat: %+v, %v; want open", info, err)
	}
}

// TestHandlesAreBounded: idle open objects cost no more than maxHandles handles.
func TestHandlesAreBounded(t *testing.T) {
	b := openDir(t, t.TempDir())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range maxHandles {
				key := glovebox.NewID("k") + string(rune('a'+w))
				for at := range int64(2) {
					if _, err := b.Append(background, key, at, []byte{byte(i)}); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if n := len(b.objects); n != maxHandles || b.idle.Len() != n {
		t.Fatalf("%d objects and %d handles are kept, want %d", n, b.idle.Len(), maxHandles)
	}
}
