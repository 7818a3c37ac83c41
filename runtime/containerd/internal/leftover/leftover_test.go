package leftover

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"glovebox"
)

// folder and file are records as a sandbox writes them.
func folder(name string) string { return record(recordFolder, name, 0o4755, -1) }

func file(name, body string) string { return record(recordFile, name, 0o644, int64(len(body))) + body }

func record(kind byte, name string, mode uint16, size int64) string {
	b := binary.BigEndian.AppendUint16([]byte{kind}, mode)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	if size != -1 {
		b = binary.BigEndian.AppendUint64(b, uint64(size))
	}
	return string(b) + name
}

func end(left uint64) string { return string(binary.BigEndian.AppendUint64([]byte{recordEnd}, left)) }

// listed says what is in an archive.
func listed(t *testing.T, b []byte) (all []string) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %o %s", h.Name, h.Mode, body))
	}
}

func TestReceive(t *testing.T) {
	var b bytes.Buffer
	long := strings.Repeat("n", 255)
	text := folder("a") + file("a/b", "body") + folder("a/c") + file("a.txt", "") + file(long, "ü") + file("z\n", "\x00")
	left, err := Receive(strings.NewReader(text+end(3)), NewArchive(&b))
	want := []string{"a/ 755 ", "a/b 644 body", "a/c/ 755 ", "a.txt 644 ", long + " 644 ü", "z\n 644 \x00"}
	if got := listed(t, b.Bytes()); err != nil || left != 3 || !slices.Equal(got, want) {
		t.Errorf("%q, %d, %v", got, left, err)
	}
}

// TestReceiveHostile: whatever a sandbox tells, the archive is a proper one, or
// there is an error.
func TestReceiveHostile(t *testing.T) {
	deep := strings.TrimSuffix(strings.Repeat("d/", glovebox.MaxOutDepth+1), "/")
	deeper := ""
	for i := range glovebox.MaxOutDepth + 1 {
		deeper += folder(deep[:2*i+1])
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing at all":      {"", io.ErrUnexpectedEOF},
		"no end":              {file("a", "b"), io.ErrUnexpectedEOF},
		"half an end":         {"e\x00", io.ErrUnexpectedEOF},
		"half a name":         {folder("abc")[:6], io.ErrUnexpectedEOF},
		"half a file":         {file("a", "body")[:15], io.ErrUnexpectedEOF},
		"less than nothing":   {record(recordFile, "a", 0, -2), ErrMalformed},
		"another kind":        {"x", ErrMalformed},
		"no name":             {file("", "x"), ErrMalformed},
		"absolute":            {file("/etc/passwd", "x"), ErrMalformed},
		"above":               {folder("..") + file("../x", "x"), ErrMalformed},
		"the folder":          {folder("."), ErrMalformed},
		"not clean":           {folder("a") + file("a//b", "x"), ErrMalformed},
		"up and down":         {folder("a") + file("a/../b", "x"), ErrMalformed},
		"a slash at the end":  {folder("a/"), ErrMalformed},
		"not UTF-8":           {file("a\xff", "x"), ErrMalformed},
		"nul":                 {file("a\x00b", "x"), ErrMalformed},
		"too long":            {file(strings.Repeat("n", glovebox.MaxOutName+1), "x"), ErrMalformed},
		"too deep":            {deeper, ErrMalformed},
		"twice":               {file("a", "x") + file("a", "y"), ErrMalformed},
		"a file and folder":   {file("a", "x") + folder("a"), ErrMalformed},
		"in a file":           {file("a", "x") + file("a/b", "y"), ErrMalformed},
		"no folder":           {file("a/b", "y"), ErrMalformed},
		"out of order":        {file("b", "x") + file("a", "y"), ErrMalformed},
		"back again":          {folder("a") + file("b", "x") + file("a/x", "y"), ErrMalformed},
		"it failed":           {"!\x00\x04text", ErrFailed},
		"it failed at length": {"!\xff\xff" + strings.Repeat("x", 1<<16), ErrFailed},
	} {
		var b bytes.Buffer
		_, err := Receive(strings.NewReader(c.text+strings.Repeat(end(0), bool2int(c.want == ErrMalformed))), NewArchive(&b))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
}

func bool2int(b bool) int {
	if b {
		return 1
	}
	return 0
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte(folder("a") + file("a/b", "body") + file("c", "") + end(1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		var b bytes.Buffer
		if _, err := Receive(bytes.NewReader(text), NewArchive(&b)); err != nil {
			return
		}
		for r := tar.NewReader(&b); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !filepath.IsLocal(h.Name) || h.Mode&^0o777 != 0 || h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
				t.Errorf("%+v", h)
			}
		}
	})
}

// TestWriteError: an error of the writer can be told from the others.
func TestWriteError(t *testing.T) {
	a := NewArchive(failing{})
	if _, err := Receive(strings.NewReader(file("a", "b")+end(0)), a); err == nil || a.WriteError() != errFull {
		t.Errorf("%v, %v", err, a.WriteError())
	}
	a = NewArchive(io.Discard)
	if _, err := Receive(strings.NewReader("x"), a); err == nil || a.WriteError() != nil {
		t.Errorf("%v, %v", err, a.WriteError())
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

// walk walks a folder "out" that make fills.
func walk(t *testing.T, make func(dir string)) ([]string, int) {
	t.Helper()
	top := t.TempDir()
	make(filepath.Join(top, "out"))
	root, err := os.OpenRoot(top)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var b bytes.Buffer
	left, err := Walk(root, "out", NewArchive(&b))
	if err != nil {
		t.Fatal(err)
	}
	return listed(t, b.Bytes()), left
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestWalk(t *testing.T) {
	got, left := walk(t, func(dir string) {
		must(t, os.MkdirAll(dir+"/b/c", 0o755), os.WriteFile(dir+"/b/x", []byte("x"), 0o640), os.WriteFile(dir+"/b.a", nil, 0o600),
			os.Link(dir+"/b/x", dir+"/hard"), os.Chmod(dir+"/b/x", 0o4750),
			os.Symlink("/etc/passwd", dir+"/link"), os.Symlink("/etc", dir+"/b/dir"), syscall.Mkfifo(dir+"/fifo", 0o600),
			os.WriteFile(dir+"/bad\xff", nil, 0o600), os.MkdirAll(dir+"/worse\xff/in", 0o700))
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		must(t, err, syscall.Bind(fd, &syscall.SockaddrUnix{Name: dir + "/s"}), syscall.Close(fd))
	})
	want := []string{"b/ 755 ", "b/c/ 755 ", "b/x 750 x", "b.a 600 ", "hard 750 x"}
	if !slices.Equal(got, want) || left != 6 {
		t.Errorf("%q and %d left out, want %q and 6", got, left, want)
	}
}

// TestWalkOdd: what can be in the place of the folder.
func TestWalkOdd(t *testing.T) {
	for name, c := range map[string]struct {
		make func(dir string)
		left int
	}{
		"nothing": {func(string) {}, 0},
		"empty":   {func(dir string) { must(t, os.Mkdir(dir, 0)) }, 0},
		"a link":  {func(dir string) { must(t, os.Symlink("/etc", dir)) }, 1},
		"a link within": {func(dir string) {
			must(t, os.Mkdir(dir+"2", 0o755), os.WriteFile(dir+"2/x", nil, 0o600), os.Symlink(filepath.Base(dir)+"2", dir))
		}, 1},
		"a file": {func(dir string) { must(t, os.WriteFile(dir, nil, 0o600)) }, 1},
		"a FIFO": {func(dir string) { must(t, syscall.Mkfifo(dir, 0o600)) }, 1},
	} {
		if got, left := walk(t, c.make); len(got) > 0 || left != c.left {
			t.Errorf("%s: %q and %d left out, want nothing and %d", name, got, left, c.left)
		}
	}
}

// TestWalkDeep: what is deeper than the bound is one thing.
func TestWalkDeep(t *testing.T) {
	got, left := walk(t, func(dir string) {
		must(t, os.MkdirAll(dir+strings.Repeat("/d", 200), 0o755), os.WriteFile(dir+strings.Repeat("/d", glovebox.MaxOutDepth)+"/f", nil, 0o600))
	})
	if len(got) != glovebox.MaxOutDepth+1 || left != 1 {
		t.Errorf("%d entries and %d left out", len(got), left)
	}
}

// TestNamesAfter: a folder with many names is read in parts, and none is lost.
func TestNamesAfter(t *testing.T) {
	dir := t.TempDir()
	const all = 537
	for i := range all {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint("f", i)), nil, 0o600))
	}
	f, err := os.Open(dir)
	must(t, err)
	defer f.Close()
	var seen []string
	for after, more := "", true; more; {
		var names []string
		names, more, err = namesAfter(f, after, 50)
		must(t, err)
		if len(names) > 50 || len(names) == 0 {
			t.Fatalf("%d names", len(names))
		}
		seen, after = append(seen, names...), names[len(names)-1]
	}
	if len(seen) != all || !slices.IsSorted(seen) || len(slices.Compact(seen)) != all {
		t.Errorf("%d names", len(seen))
	}
}
