package sandbox

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTornRecords: what a kill or a power cut leaves of a record does not keep
// the next shim from starting with an empty root.
func TestTornRecords(t *testing.T) {
	root := t.TempDir()
	texts := map[string]string{"none": "", "empty": "", "half": `{"namespace":"n","cgr`, "zeroes": "\x00\x00\x00"}
	for id, text := range texts {
		dir := StateDir(root, "n", id)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if id == "none" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, recordFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := CleanupAll(root); n != len(texts) || err != nil {
		t.Errorf("%d removed, %v", n, err)
	}
	if left, err := os.ReadDir(filepath.Join(root, "s")); len(left) > 0 || err != nil {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestRecordIsKept is the counterpart: a whole record is read back, and is
// followed.
func TestRecordIsKept(t *testing.T) {
	dir := t.TempDir()
	want := record{Namespace: "n", ID: "a", Bundle: "/b", Cgroup: "not/absolute"}
	if err := want.write(dir); err != nil {
		t.Fatal(err)
	}
	if r, err := readRecord(dir); r != want || err != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if err := removeLeftover(dir); err == nil {
		t.Error("the record's control group was not looked for")
	}
}
