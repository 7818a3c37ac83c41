// Package blobtest is the conformance suite of glovebox.Blobs. An
// implementation's test calls Suite, and Model for random sequences of calls that
// are compared with the reference model in blob/memory; one that outlives its
// process calls Durable, too.
package blobtest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"glovebox"
)

// Suite runs every test that any Blobs must pass. fresh returns an empty store
// and cleans up with t.
func Suite(t *testing.T, fresh func(t *testing.T) glovebox.Blobs) {
	for name, test := range map[string]func(*testing.T, glovebox.Blobs){
		"Keys":               testKeys,
		"PutAndRead":         testPut,
		"PutExisting":        testPutExisting,
		"PutKeepsNothing":    testPutKeepsNothing,
		"PutCancelled":       testPutCancelled,
		"PutIsAtomic":        testPutIsAtomic,
		"PutRace":            testPutRace,
		"Append":             testAppend,
		"AppendRepeats":      testAppendRepeats,
		"AppendConflicts":    testAppendConflicts,
		"AppendCopies":       testAppendCopies,
		"SealedIsFinal":      testSealedIsFinal,
		"Seal":               testSeal,
		"OpenOffsets":        testOpenOffsets,
		"OpenIsASnapshot":    testOpenIsASnapshot,
		"NotFound":           testNotFound,
		"Delete":             testDelete,
		"List":               testList,
		"ListWhileChanging":  testListWhileChanging,
		"OneWriterManyReads": testOneWriterManyReaders,
		"ManyWriters":        testManyWriters,
		"RacingRepeats":      testRacingRepeats,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

var background = context.Background()

func put(t *testing.T, b glovebox.Blobs, key, data string) {
	t.Helper()
	if n, err := b.Put(background, key, strings.NewReader(data)); err != nil || n != int64(len(data)) {
		t.Fatalf("Put(%q) of %d bytes = %d, %v", key, len(data), n, err)
	}
}

func add(t *testing.T, b glovebox.Blobs, key string, offset int64, data string) {
	t.Helper()
	want := offset + int64(len(data))
	if n, err := b.Append(background, key, offset, []byte(data)); err != nil || n != want {
		t.Fatalf("Append(%q, %d, %q) = %d, %v; want %d", key, offset, data, n, err, want)
	}
}

func seal(t *testing.T, b glovebox.Blobs, key string) {
	t.Helper()
	if err := b.Seal(background, key); err != nil {
		t.Fatalf("Seal(%q): %v", key, err)
	}
}

func read(t *testing.T, b glovebox.Blobs, key string, offset int64) string {
	t.Helper()
	r, err := b.Open(background, key, offset)
	if err != nil {
		t.Fatalf("Open(%q, %d): %v", key, offset, err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %q from %d: %v", key, offset, err)
	}
	if err := r.Close(); err != nil {
		t.Fatalf("close %q: %v", key, err)
	}
	return string(data)
}

func wantInfo(t *testing.T, b glovebox.Blobs, key string, size int64, sealed bool) {
	t.Helper()
	want := glovebox.BlobInfo{Size: size, Sealed: sealed}
	if got, err := b.Stat(background, key); err != nil || got != want {
		t.Fatalf("Stat(%q) = %+v, %v; want %+v", key, got, err, want)
	}
}

func wantKind(t *testing.T, err error, want glovebox.Kind, doing string) {
	t.Helper()
	if got := glovebox.KindOf(err); got != want {
		t.Fatalf("%s: error %v is of kind %q, want %q", doing, err, got, want)
	}
}

// pattern returns n bytes that differ at every offset a mix-up could confuse.
func pattern(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteByte(byte(i))
		b.WriteByte(byte(i >> 8))
		b.WriteByte(byte(i>>16) ^ 0x5a)
	}
	return b.Bytes()[:n]
}
