package output_test

import (
	"context"
	"slices"
	"testing"

	"glovebox"
	"glovebox/blob/folder"
	"glovebox/blob/memory"
	"glovebox/output"
)

// TestForget: all that is a job's goes, by whatever attempt, and nothing else,
// not even of a job whose id begins alike.
func TestForget(t *testing.T) {
	files, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	for name, blobs := range map[string]glovebox.Blobs{"memory": memory.New(), "folder": files} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			l := output.New(blobs)
			for _, key := range []string{"output/j1/1/stdout", "output/j1/1/artifacts", "output/j1/2/stdout", "output/j1/10/stdout", "output/j1/stdin",
				"receipts/j1/ab", "output/j10/1/stdout", "receipts/j10/ab", "sha256/j1"} {
				if _, err := blobs.Append(ctx, key, 0, []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			left := func(want ...string) {
				t.Helper()
				var keys []string
				err := blobs.List(ctx, "", func(key string, _ glovebox.BlobInfo) error { keys = append(keys, key); return nil })
				if err != nil || !slices.Equal(keys, want) {
					t.Errorf("left: %v, %v; want %v", keys, err, want)
				}
			}
			if err := l.ForgetBefore(ctx, "j1", 2); err != nil {
				t.Fatal(err)
			}
			left("output/j1/10/stdout", "output/j1/2/stdout", "output/j1/stdin", "output/j10/1/stdout", "receipts/j1/ab", "receipts/j10/ab", "sha256/j1")
			for range 2 {
				if err := l.Forget(ctx, "j1", "receipts/j1/"); err != nil {
					t.Fatal(err)
				}
				left("output/j10/1/stdout", "receipts/j10/ab", "sha256/j1")
			}
			if err := l.Forget(context.Background(), "jnobody"); err != nil {
				t.Errorf("of a job that there never was: %v", err)
			}
		})
	}
}
