package blobtest

import (
	"strings"
	"testing"

	"glovebox"
)

// Durable tests what outlives the process. open returns the store at one place;
// when it is called again the process before has gone, without a farewell if the
// implementation can do that.
func Durable(t *testing.T, open func(t *testing.T) glovebox.Blobs) {
	b := open(t)
	put(t, b, "put", "abc")
	add(t, b, "sealed", 0, "abc")
	seal(t, b, "sealed")
	add(t, b, "open", 0, "abc")
	put(t, b, "gone", "abc")
	if err := b.Delete(background, "gone"); err != nil {
		t.Fatal(err)
	}

	b = open(t)
	for _, key := range []string{"put", "sealed"} {
		wantInfo(t, b, key, 3, true)
		_, err := b.Append(background, key, 3, []byte("x"))
		wantKind(t, err, glovebox.KindConflict, "append to what was sealed before")
		_, err = b.Put(background, key, strings.NewReader("other"))
		wantKind(t, err, glovebox.KindConflict, "put to what was sealed before")
	}
	_, err := b.Stat(background, "gone")
	wantKind(t, err, glovebox.KindNotFound, "Stat of what was deleted before")
	wantInfo(t, b, "open", 3, false)
	add(t, b, "open", 3, "def")
	seal(t, b, "open")

	b = open(t)
	wantInfo(t, b, "open", 6, true)
	if got := read(t, b, "open", 0); got != "abcdef" {
		t.Fatalf("read %q", got)
	}
}
