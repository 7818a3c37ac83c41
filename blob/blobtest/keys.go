package blobtest

import (
	"strings"
	"testing"

	"glovebox"
)

// testKeys: "A key is one or more segments of [A-Za-z0-9._:-] joined by "/",
// none of them "." or "..", at most 512 bytes in all; anything else is
// KindInvalid."
func testKeys(t *testing.T, b glovebox.Blobs) {
	for _, key := range []string{
		"", ".", "..", "/", "a/", "/a", "a//b", "a/./b", "a/../b", "../a", "a/..", "a b", "a\x00", "a\nb",
		"ä", "a\\b", "a+b", "a=b", "a~", "a*", "a?b", "%2e%2e/a", "a,b", "a@b", "\xff",
		strings.Repeat("a", 513), strings.Repeat("a/", 256) + "b",
	} {
		_, err := b.Put(background, key, strings.NewReader("x"))
		wantKind(t, err, glovebox.KindInvalid, "Put "+key)
		_, err = b.Append(background, key, 0, []byte("x"))
		wantKind(t, err, glovebox.KindInvalid, "Append "+key)
		wantKind(t, b.Seal(background, key), glovebox.KindInvalid, "Seal "+key)
		_, err = b.Open(background, key, 0)
		wantKind(t, err, glovebox.KindInvalid, "Open "+key)
		_, err = b.Stat(background, key)
		wantKind(t, err, glovebox.KindInvalid, "Stat "+key)
		wantKind(t, b.Delete(background, key), glovebox.KindInvalid, "Delete "+key)
	}
	for _, key := range goodKeys() {
		put(t, b, key, key)
		if got := read(t, b, key, 0); got != key {
			t.Fatalf("key %q reads %q", key, got)
		}
	}
	if got := keysOf(t, b, ""); len(got) != len(goodKeys()) {
		t.Fatalf("%d keys listed, want %d", len(got), len(goodKeys()))
	}
}

// goodKeys are keys that an implementation might confuse or find too long: one
// that is also the folder of another, names with dots, the longest segment, the
// deepest path, lengths around those of a file name.
func goodKeys() []string {
	keys := []string{
		"a", "A", "a/b", "a/b/c", "a.b", "a-b", "a:b", "a_b", "a0", "...", "..a", ".a", "a/...", "-", ":", "_",
		"sha256/0123456789abcdef", "sha256:0123", strings.Repeat("a/", 255) + "bb",
	}
	for _, n := range []int{199, 200, 201, 255, 256, 400, 401, 512} {
		keys = append(keys, strings.Repeat("x", n))
	}
	for _, tail := range []string{"/y", "-", "-/y", "0"} {
		keys = append(keys, strings.Repeat("x", 200)+tail, strings.Repeat("x", 400)+tail)
	}
	return keys
}
