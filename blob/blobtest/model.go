package blobtest

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"glovebox"
	"glovebox/blob/memory"

	"pgregory.net/rapid"
)

// Model drives a store and the reference model with the same random calls and
// wants the same answers.
func Model(t *testing.T, fresh func(t *testing.T) glovebox.Blobs) {
	b := fresh(t)
	rapid.Check(t, func(rt *rapid.T) {
		clear := keysOf(t, b, "")
		if err := b.Delete(background, clear...); err != nil {
			rt.Fatal(err)
		}
		m := &machine{got: b, want: memory.New()}
		rt.Repeat(rapid.StateMachineActions(m))
	})
}

type machine struct{ got, want glovebox.Blobs }

var (
	someKeys   = rapid.SampledFrom([]string{"a", "a/b", "a/b/c", "a-b", "b", strings.Repeat("c", 200), "bad key", "../a"})
	someBytes  = rapid.SliceOfN(rapid.Byte(), 0, 6)
	someOffset = rapid.Int64Range(-1, 12)
	somePrefix = rapid.SampledFrom([]string{"", "a", "a/", "a/b", "b", "c", "../"})
)

func (m *machine) Put(t *rapid.T) {
	key, p := someKeys.Draw(t, "key"), someBytes.Draw(t, "bytes")
	n, err := m.got.Put(background, key, bytes.NewReader(p))
	n2, err2 := m.want.Put(background, key, bytes.NewReader(p))
	same(t, "Put", n, err, n2, err2)
}

func (m *machine) Append(t *rapid.T) {
	key, offset, p := someKeys.Draw(t, "key"), someOffset.Draw(t, "offset"), someBytes.Draw(t, "bytes")
	n, err := m.got.Append(background, key, offset, p)
	n2, err2 := m.want.Append(background, key, offset, p)
	same(t, "Append", n, err, n2, err2)
}

func (m *machine) AppendAtEnd(t *rapid.T) {
	key, p := someKeys.Draw(t, "key"), someBytes.Draw(t, "bytes")
	info, _ := m.want.Stat(background, key)
	n, err := m.got.Append(background, key, info.Size, p)
	n2, err2 := m.want.Append(background, key, info.Size, p)
	same(t, "Append at the end", n, err, n2, err2)
}

func (m *machine) Seal(t *rapid.T) {
	key := someKeys.Draw(t, "key")
	same(t, "Seal", 0, m.got.Seal(background, key), 0, m.want.Seal(background, key))
}

func (m *machine) Delete(t *rapid.T) {
	keys := rapid.SliceOfN(someKeys, 0, 3).Draw(t, "keys")
	same(t, "Delete", 0, m.got.Delete(background, keys...), 0, m.want.Delete(background, keys...))
}

func (m *machine) Open(t *rapid.T) {
	key, offset := someKeys.Draw(t, "key"), someOffset.Draw(t, "offset")
	data, err := readAll(m.got, key, offset)
	data2, err2 := readAll(m.want, key, offset)
	same(t, "Open", string(data), err, string(data2), err2)
}

// List is also the check: Check runs after every action.
func (m *machine) List(t *rapid.T) {
	prefix := somePrefix.Draw(t, "prefix")
	same(t, "List", len(listed(t, m.got, prefix)), nil, len(listed(t, m.want, prefix)), nil)
}

// Check compares the whole of both.
func (m *machine) Check(t *rapid.T) {
	got, want := listed(t, m.got, ""), listed(t, m.want, "")
	if !slices.Equal(got, want) {
		t.Fatalf("has %v, the model %v", got, want)
	}
	for _, l := range want {
		data, err := readAll(m.got, l.key, 0)
		data2, err2 := readAll(m.want, l.key, 0)
		same(t, "content of "+l.key, string(data), err, string(data2), err2)
	}
}

type listing struct {
	key  string
	info glovebox.BlobInfo
}

func listed(t *rapid.T, b glovebox.Blobs, prefix string) (all []listing) {
	err := b.List(background, prefix, func(key string, info glovebox.BlobInfo) error {
		all = append(all, listing{key, info})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func readAll(b glovebox.Blobs, key string, offset int64) ([]byte, error) {
	r, err := b.Open(background, key, offset)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func same[T comparable](t *rapid.T, call string, got T, err error, want T, err2 error) {
	if got != want || glovebox.KindOf(err) != glovebox.KindOf(err2) {
		t.Fatalf("%s = %v, %v; the model says %v, %v", call, got, err, want, err2)
	}
}
