package blobtest

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"glovebox"
)

// testOpenOffsets: "Open reads from offset to the size at this moment … an offset
// past the end is KindInvalid."
func testOpenOffsets(t *testing.T, b glovebox.Blobs) {
	put(t, b, "sealed", "0123456789")
	add(t, b, "open", 0, "0123456789")
	for _, key := range []string{"sealed", "open"} {
		for offset := range int64(11) {
			if got := read(t, b, key, offset); got != "0123456789"[offset:] {
				t.Fatalf("%s from %d reads %q", key, offset, got)
			}
		}
		for _, offset := range []int64{11, 1 << 40, -1} {
			_, err := b.Open(background, key, offset)
			wantKind(t, err, glovebox.KindInvalid, "Open outside")
		}
	}
}

// testOpenIsASnapshot: a reader ends where the object ended when it was opened,
// and goes on undisturbed by growth and sealing.
func testOpenIsASnapshot(t *testing.T, b glovebox.Blobs) {
	add(t, b, "k", 0, "before")
	r, err := b.Open(background, "k", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first := make([]byte, 3)
	if _, err := io.ReadFull(r, first); err != nil {
		t.Fatal(err)
	}
	add(t, b, "k", 6, " and after")
	seal(t, b, "k")
	rest, err := io.ReadAll(r)
	if err != nil || string(first)+string(rest) != "before" {
		t.Fatalf("read %q, %v", string(first)+string(rest), err)
	}
	if got := read(t, b, "k", 6); got != " and after" {
		t.Fatalf("read %q", got)
	}
}

func testNotFound(t *testing.T, b glovebox.Blobs) {
	put(t, b, "a/b", "x")
	for _, key := range []string{"b", "a", "a/b/c", "a/bb"} {
		_, err := b.Open(background, key, 0)
		wantKind(t, err, glovebox.KindNotFound, "Open "+key)
		_, err = b.Stat(background, key)
		wantKind(t, err, glovebox.KindNotFound, "Stat "+key)
	}
}

// testDelete: "Delete removes keys; those that are absent are no error."
func testDelete(t *testing.T, b glovebox.Blobs) {
	put(t, b, "a/sealed", "x")
	add(t, b, "a/open", 0, "x")
	put(t, b, "a", "stays")
	if err := b.Delete(background, "a/sealed", "absent", "a/open", "a/sealed"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a/sealed", "a/open"} {
		_, err := b.Stat(background, key)
		wantKind(t, err, glovebox.KindNotFound, "Stat after Delete")
	}
	if got := keysOf(t, b, ""); !slices.Equal(got, []string{"a"}) {
		t.Fatalf("left: %q", got)
	}
	if err := b.Delete(background); err != nil {
		t.Fatalf("Delete of nothing: %v", err)
	}
	add(t, b, "a/open", 0, "new")
	put(t, b, "a/sealed", "new")
	if read(t, b, "a/open", 0)+read(t, b, "a/sealed", 0) != "newnew" {
		t.Fatal("a deleted key cannot be used again")
	}
}

// testList: "List calls f for each object whose key starts with prefix, in key
// order, until f returns an error, which List returns."
func testList(t *testing.T, b glovebox.Blobs) {
	want := goodKeys()
	for i, key := range want {
		if i%2 == 0 {
			put(t, b, key, key)
		} else {
			add(t, b, key, 0, key)
		}
	}
	slices.Sort(want)
	x200 := strings.Repeat("x", 200)
	for _, prefix := range []string{"", "a", "a/", "a/b", "A", "sha256", "sha256/", "x", x200, x200 + "/", x200 + "x",
		"b", "..", "a//", "/", "Ä", strings.Repeat("x", 513), "*"} {
		var selected []string
		for _, key := range want {
			if strings.HasPrefix(key, prefix) {
				selected = append(selected, key)
			}
		}
		if got := keysOf(t, b, prefix); !slices.Equal(got, selected) {
			t.Fatalf("List(%q) = %q\nwant %q", prefix, got, selected)
		}
	}
	err := b.List(background, "", func(key string, info glovebox.BlobInfo) error {
		i := slices.Index(goodKeys(), key)
		if info.Size != int64(len(key)) || info.Sealed != (i%2 == 0) {
			t.Errorf("%q is listed as %+v", key, info)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	enough, calls := errors.New("enough"), 0
	err = b.List(background, "a", func(string, glovebox.BlobInfo) error { calls++; return enough })
	if err != enough || calls != 1 {
		t.Fatalf("List = %v after %d calls, want the callback's error after 1", err, calls)
	}
}

func keysOf(t *testing.T, b glovebox.Blobs, prefix string) []string {
	t.Helper()
	var keys []string
	err := b.List(background, prefix, func(key string, _ glovebox.BlobInfo) error {
		keys = append(keys, key)
		return nil
	})
	if err != nil {
		t.Fatalf("List(%q): %v", prefix, err)
	}
	return keys
}
