package output_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"glovebox"
	"glovebox/blob/memory"
	"glovebox/output"
)

func digestOf(p []byte) string {
	sum := sha256.Sum256(p)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// indexOf is a list of files, and their bytes.
func indexOf(files ...[]byte) (index, content []byte) {
	for i, f := range files {
		a := glovebox.Artifact{Path: string(rune('a'+i)) + "/<f>", Size: int64(len(f)), Mode: 0o644, Digest: digestOf(f), Offset: int64(len(content))}
		index, content = append(index, a.Line()...), append(content, f...)
	}
	return index, content
}

// ship stores what a node sent.
func ship(t *testing.T, l *output.Logs, index, content []byte) {
	t.Helper()
	for s, p := range map[output.Stream][]byte{output.Index: index, output.Artifacts: content} {
		if len(p) > 0 {
			appendTo(t, l, s, 0, p)
		}
	}
}

const room = 1 << 20

func TestSealArtifacts(t *testing.T) {
	l := output.New(memory.New())
	index, content := indexOf([]byte("one"), nil, data(5000))
	folder := glovebox.Artifact{Path: "empty", Folder: true, Mode: 0o700, Offset: int64(len(content))}.Line()
	index = append(index, folder...)
	ship(t, l, index, content)
	want := glovebox.Artifacts{Files: 3, Folders: 1, Bytes: 5003, IndexBytes: int64(len(index)), Digest: digestOf(index)}
	for range 2 {
		got, err := l.SealArtifacts(t.Context(), "j1", 1, room)
		if err != nil || got == nil || *got != want {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	sizes, err := l.Sizes(t.Context(), "j1", 1)
	if err != nil || !sizes.Artifacts.Sealed || !sizes.Index.Sealed {
		t.Errorf("%+v, %v", sizes, err)
	}
	var all []glovebox.Artifact
	if err := l.Index(t.Context(), "j1", 1, func(a glovebox.Artifact) error { all = append(all, a); return nil }); err != nil || len(all) != 4 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, from := range []int64{0, 1, 4999, 5000} {
		r, err := l.OpenArtifact(t.Context(), "j1", 1, all[2], from)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data(5000)[from:]) {
			t.Errorf("from %d: %d bytes, %v", from, len(got), err)
		}
		r.Close()
	}
	if _, err := l.OpenArtifact(t.Context(), "j1", 1, all[2], 5001); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Error(err)
	}
	beyond := all[2]
	beyond.Size++
	r, err := l.OpenArtifact(t.Context(), "j1", 1, beyond, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("past the end: %v", err)
	}
}

// TestRefusedArtifacts: what is not a list and the bytes of it is not kept at
// all, and nothing can be added to it.
func TestRefusedArtifacts(t *testing.T) {
	index, content := indexOf([]byte("one"), []byte("two"))
	lines := bytes.SplitAfter(index, []byte("\n"))
	long := glovebox.Artifact{Path: strings.Repeat("x", 5000), Mode: 0o644, Digest: digestOf(nil)}.Line()
	for name, tt := range map[string]struct{ index, content []byte }{
		"bytes missing":    {index, content[:5]},
		"bytes too many":   {index, append(slices.Clone(content), '!')},
		"no bytes":         {index, nil},
		"no index":         {nil, content},
		"cut":              {index[:len(index)-1], content},
		"twice":            {slices.Concat(index, lines[1]), content},
		"other order":      {slices.Concat(lines[1], lines[0]), content},
		"no JSON":          {[]byte("hello\n"), content},
		"empty line":       {append(slices.Clone(index), '\n'), content},
		"other spelling":   {bytes.Replace(index, []byte(`"size":3`), []byte(`"size": 3`), 1), content},
		"unknown field":    {bytes.Replace(index, []byte(`{`), []byte(`{"x":1,`), 1), content},
		"field twice":      {bytes.Replace(index, []byte(`{`), []byte(`{"size":1,`), 1), content},
		"way out":          {bytes.Replace(index, []byte(`"a/<f>"`), []byte(`"../<f>"`), 1), content},
		"line without end": {long, content},
		"no end of a line": {bytes.Repeat([]byte("a"), 100_000), content},
		"over the limit":   {index, content},
	} {
		t.Run(name, func(t *testing.T) {
			l := output.New(memory.New())
			limit := int64(room)
			if name == "over the limit" {
				limit = int64(len(index)+len(content)) - 1
			}
			ship(t, l, tt.index, tt.content)
			got, err := l.SealArtifacts(t.Context(), "j1", 1, limit)
			if err != nil || got == nil || *got != (glovebox.Artifacts{Refused: true}) {
				t.Fatalf("%+v, %v", got, err)
			}
			sizes, err := l.Sizes(t.Context(), "j1", 1)
			if err != nil || sizes.Artifacts.Bytes+sizes.Index.Bytes != 0 {
				t.Errorf("%+v, %v", sizes, err)
			}
			if _, err := l.Append(t.Context(), "j1", 1, output.Index, 0, index); glovebox.KindOf(err) != glovebox.KindConflict {
				t.Errorf("late bytes: %v", err)
			}
			if got, err := l.SealArtifacts(t.Context(), "j1", 1, limit); err != nil || got != nil {
				t.Errorf("again: %+v, %v", got, err)
			}
		})
	}
}

func TestNoArtifacts(t *testing.T) {
	l := output.New(memory.New())
	if got, err := l.SealArtifacts(t.Context(), "j1", 1, room); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if err := l.Index(t.Context(), "j1", 1, func(glovebox.Artifact) error { return io.ErrNoProgress }); err != nil {
		t.Error(err)
	}
	sizes, err := l.Sizes(t.Context(), "j1", 1)
	if err != nil || sizes.Index.Sealed || sizes.Artifacts.Sealed {
		t.Errorf("%+v, %v", sizes, err)
	}
}

// FuzzIndex: no list that a node can send gets past the check and then cannot be
// listed and read.
func FuzzIndex(f *testing.F) {
	index, content := indexOf([]byte("one"), []byte("two"))
	f.Add(index, content)
	f.Add([]byte("{}\n"), []byte{})
	f.Add(bytes.ReplaceAll(index, []byte("a/"), []byte("a/../")), content)
	f.Fuzz(func(t *testing.T, index, content []byte) {
		l := output.New(memory.New())
		ship(t, l, index, content)
		got, err := l.SealArtifacts(t.Context(), "j1", 1, room)
		if err != nil {
			t.Fatal(err)
		}
		if got == nil || got.Refused {
			return
		}
		var total int64
		err = l.Index(t.Context(), "j1", 1, func(a glovebox.Artifact) error {
			r, err := l.OpenArtifact(t.Context(), "j1", 1, a, 0)
			if err != nil {
				return err
			}
			defer r.Close()
			n, err := io.Copy(io.Discard, r)
			total += n
			return errors.Join(err, glovebox.CheckArtifactPath(a.Path))
		})
		if err != nil || total != int64(len(content)) {
			t.Fatalf("%d of %d bytes, %v", total, len(content), err)
		}
	})
}
