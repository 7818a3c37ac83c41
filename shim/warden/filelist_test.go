package warden

import (
	"bytes"
	"io"
	"reflect"
	"testing"
)

// TestFileList: what is written down in either way is read as it was.
func TestFileList(t *testing.T) {
	files := []File{{"/a", 0o400, []byte("aaa")}, {"/b", 0o444, nil}, {"/c", 0o644, bytes.Repeat([]byte("c"), 100_000)}}
	var heads []FileHead
	var all []byte
	for _, f := range files {
		heads = append(heads, FileHead{f.Path, f.Mode, int64(len(f.Data))})
		all = append(all, f.Data...)
	}
	for name, write := range map[string]func(*FileMemory) error{
		"written": func(m *FileMemory) error { return m.Write(files) },
		"copied":  func(m *FileMemory) error { return m.Copy(heads, bytes.NewReader(append(all, "more"...))) },
	} {
		m, err := NewFileMemory()
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if err := write(m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, at, err := ReadFileList(m.memory)
		if err != nil || !reflect.DeepEqual(got, heads) {
			t.Fatalf("%s: %v, %v", name, got, err)
		}
		text, err := io.ReadAll(io.NewSectionReader(m.memory, at, 1<<30))
		if err != nil || !bytes.Equal(text, all) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(text), len(all), err)
		}
		if err := m.Placed(); err == nil {
			t.Errorf("%s: nobody has taken them", name)
		}
	}
}

func FuzzReadFileList(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x15[{\"path\":\"/a\",\"size\":1}]x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, at, err := ReadFileList(bytes.NewReader(text))
		if err == nil && (len(all) == 0 || at > int64(len(text))) {
			t.Errorf("%v at %d", all, at)
		}
	})
}

// TestEarlierFiles: the files of a shim of an earlier version are read, too, and
// neither is taken for the other.
func TestEarlierFiles(t *testing.T) {
	earlier := `[{"path":"/a","mode":256,"data":"YWFh"},{"path":"/b","mode":292,"data":null}]`
	all, err := readEarlier(bytes.NewReader([]byte(earlier)))
	if err != nil || len(all) != 2 || all[0].FileHead != (FileHead{"/a", 0o400, 3}) || all[1].FileHead != (FileHead{"/b", 0o444, 0}) {
		t.Fatalf("%+v, %v", all, err)
	}
	if text, err := io.ReadAll(all[0].from); err != nil || string(text) != "aaa" {
		t.Errorf("%q, %v", text, err)
	}
	if _, _, err := ReadFileList(bytes.NewReader([]byte(earlier))); err == nil {
		t.Error("it is taken for a list")
	}
	for _, text := range []string{"", "[]", "x", "\x00\x00\x00\x02[]"} {
		if _, err := readEarlier(bytes.NewReader([]byte(text))); err == nil {
			t.Errorf("%q is taken for files", text)
		}
	}
}
