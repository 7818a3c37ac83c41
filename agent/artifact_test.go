package agent

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"glovebox"
	"glovebox/internal/nodev1"
)

// left is what a job's sandbox hands over, in the place of a runtime.
type left struct {
	mu      sync.Mutex
	archive []byte
	leftOut int
	errs    []error               // of the next calls
	after   error                 // after all of the archive
	stall   func(context.Context) // before the archive's end
	calls   int
	write   func(w io.Writer) (int64, error) // in place of archive
}

func (l *left) Collect(ctx context.Context, id string, w io.Writer) (int, error) {
	l.mu.Lock()
	l.calls++
	var err error
	if len(l.errs) > 0 {
		err, l.errs = l.errs[0], l.errs[1:]
	}
	archive, stall := l.archive, l.stall
	l.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if l.write != nil {
		_, err := l.write(w)
		return l.leftOut, err
	}
	half := len(archive) / 2
	if stall != nil {
		if _, err := w.Write(archive[:half]); err != nil {
			return 0, err
		}
		archive = archive[half:]
		stall(ctx)
	}
	if _, err := w.Write(archive); err != nil {
		return 0, err
	}
	return l.leftOut, l.after
}

// entry is one of an archive.
type entry struct {
	name string
	body string
	kind byte // 0 = a file
	mode int64
	pax  map[string]string
}

func archiveOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: e.mode, Size: int64(len(e.body)), Format: tar.FormatPAX, PAXRecords: e.pax}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if e.kind == tar.TypeSymlink || e.kind == tar.TypeLink {
			h.Linkname, h.Size = e.body, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatalf("%q: %v", e.name, err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, e.body); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// got is what control has of a sandbox's artifacts, checked: the index says
// exactly what the bytes are.
func (r *rig) got(id string, s *nodev1.Sandbox) (files map[string]string, all []glovebox.Artifact) {
	r.t.Helper()
	eventually(r.t, "artifacts shipped", func() bool {
		r.control.mu.Lock()
		defer r.control.mu.Unlock()
		n := r.control.sizes(id)
		return n[spoolArtifacts] >= s.GetArtifacts() && n[spoolIndex] >= s.GetArtifactsIndex()
	})
	r.control.mu.Lock()
	defer r.control.mu.Unlock()
	data, index := r.control.outputs[id][spoolArtifacts].Bytes(), r.control.outputs[id][spoolIndex].String()
	if int64(len(data)) != s.GetArtifacts() || int64(len(index)) != s.GetArtifactsIndex() {
		r.t.Errorf("%d bytes and an index of %d; told %v", len(data), len(index), s)
	}
	files = map[string]string{}
	var set glovebox.ArtifactSet
	for line := range strings.Lines(index) {
		var a glovebox.Artifact
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			r.t.Fatal(err)
		}
		if err := set.Add(a); err != nil {
			r.t.Fatalf("%s: %v", line, err)
		}
		all = append(all, a)
		if a.Folder {
			continue
		}
		files[a.Path] = string(data[a.Offset : a.Offset+a.Size])
		if sum := sha256.Sum256([]byte(files[a.Path])); a.Digest != "sha256:"+hex.EncodeToString(sum[:]) {
			r.t.Errorf("%s has another digest", a.Path)
		}
	}
	if set.Bytes() != int64(len(data)) {
		r.t.Errorf("the index is of %d bytes, and there are %d", set.Bytes(), len(data))
	}
	return files, all
}

// nothingKept fails if anything of a sandbox's spools is on the disk.
func (r *rig) nothingKept(id string) {
	r.t.Helper()
	if found, _ := filepath.Glob(filepath.Join(r.dir, dirKept, id+".*")); len(found) > 0 {
		r.t.Errorf("left: %q", found)
	}
}

func collectRig(t testing.TB, l *left) *rig {
	r := newRig(t)
	r.cfg.Collector = l
	return r
}

func TestArtifacts(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 50_000)
	l := &left{leftOut: 2, archive: archiveOf(t,
		entry{name: "a.txt", body: "hello", mode: 0o640}, entry{name: "bin/", kind: tar.TypeDir, mode: 0o755},
		entry{name: "bin/tool", body: big, mode: 0o4755}, entry{name: "empty", mode: 0o600}, entry{name: "none/", kind: tar.TypeDir, mode: 0o700})}
	r := collectRig(t, l)
	r.start()
	id := r.job(hello)
	s := r.exited(id)
	if e := s.GetExit(); e.GetCode() != 3 || s.GetArtifactsLeftOut() != 2 || s.GetArtifactsTruncated() {
		t.Errorf("told %v", s)
	}
	files, all := r.got(id, s)
	if len(files) != 3 || files["a.txt"] != "hello" || files["bin/tool"] != big || files["empty"] != "" || len(all) != 5 {
		t.Errorf("%d files, %v", len(files), all)
	}
	if all[0].Mode != 0o640 || all[2].Mode != 0o755 || !all[4].Folder {
		t.Errorf("%+v", all)
	}
	r.finished(id)
	r.nothingKept(id)
}

// TestNothingLeft: a job that left nothing has no spools of artifacts.
func TestNothingLeft(t *testing.T) {
	l := &left{archive: archiveOf(t)}
	r := collectRig(t, l)
	r.start()
	id := r.job(hello)
	s := r.exited(id)
	if s.GetArtifacts() != 0 || s.GetArtifactsIndex() != 0 || s.GetArtifactsLeftOut() != 0 || s.GetArtifactsTruncated() || l.calls != 1 {
		t.Errorf("told %v after %d calls", s, l.calls)
	}
	for _, name := range []string{spooledArtifacts, spooledIndex} {
		if _, err := os.Stat(r.agent.folder(id).kept(name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r.agent.folder(id).collected() != nil {
		t.Error("there is a record")
	}
	r.finished(id)
}

// TestHostileArchive: of what a sandbox that was broken out of could hand over,
// only what can be kept is, and the rest is counted.
func TestHostileArchive(t *testing.T) {
	fine := entry{name: "fine", body: "fine"}
	for name, bad := range map[string]entry{
		"way out":      {name: "../evil", body: "x"},
		"deep way out": {name: "a/../../evil", body: "x"},
		"absolute":     {name: "/etc/passwd", body: "x"},
		"symlink":      {name: "link", body: "/etc/passwd", kind: tar.TypeSymlink},
		"hard link":    {name: "link", body: "fine", kind: tar.TypeLink},
		"device":       {name: "dev", kind: tar.TypeBlock},
		"character":    {name: "dev", kind: tar.TypeChar},
		"FIFO":         {name: "fifo", kind: tar.TypeFifo},
		"twice":        {name: "fine", body: "other"},
		"in a file":    {name: "fine/x", body: "x"},
		"over a file":  {name: "fine/", kind: tar.TypeDir},
		"control":      {name: "a\x1b[2Jb", body: "x"},
		"newline":      {name: "a\nb", body: "x"},
		"backslash":    {name: `..\evil`, body: "x"},
		"not UTF-8":    {name: "x", body: "x", pax: map[string]string{"path": "\xff\xfe"}},
		"long":         {name: strings.Repeat("x", glovebox.MaxArtifactPath+1), body: "x"},
		"deep":         {name: strings.Repeat("d/", glovebox.MaxArtifactDepth) + "f", body: "x"},
		"dots":         {name: "./x/./y", body: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			l := &left{}
			if name == "not UTF-8" {
				l.archive = ustar("a\xff\xfe", "x", archiveOf(t, fine))
			} else {
				l.archive = archiveOf(t, fine, bad)
			}
			files, c, err := gathered(t, l.archive, room)
			if err != nil || c.LeftOut != 1 || c.Truncated || len(files) != 1 || files["fine"] != "fine" {
				t.Errorf("%q, %+v, %v", files, c, err)
			}
		})
	}
	t.Run("itself", func(t *testing.T) {
		files, c, err := gathered(t, archiveOf(t, entry{name: "./", kind: tar.TypeDir}, fine), room)
		if err != nil || c.LeftOut != 0 || len(files) != 1 {
			t.Errorf("%q, %+v, %v", files, c, err)
		}
	})
	t.Run("sparse", func(t *testing.T) { // a header that stands for a terabyte of zeros
		h := &tar.Header{Name: "sparse", Typeflag: tar.TypeReg, PAXRecords: map[string]string{"GNU.sparse.size": "1099511627776"}}
		if _, ok := artifactOf(h); ok {
			t.Error("it is taken")
		}
		if _, ok := artifactOf(&tar.Header{Name: "sparse", Typeflag: tar.TypeGNUSparse, Size: 1 << 40}); ok {
			t.Error("the older form is taken")
		}
	})
}

const room = 1 << 20

// ustar is an archive that begins with a file of any name, whatever is allowed.
func ustar(name, body string, rest []byte) []byte {
	h := make([]byte, 512)
	copy(h, name)
	copy(h[100:], "0000644\x00")
	copy(h[124:], fmt.Sprintf("%011o\x00", len(body)))
	h[156] = '0'
	copy(h[257:], "ustar\x0000")
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	content := make([]byte, 512)
	copy(content, body)
	return append(append(h, content...), rest...)
}

// gathered reads an archive into files of its own.
func gathered(t testing.TB, archive []byte, room int64) (files map[string]string, c collected, err error) {
	t.Helper()
	dir := t.TempDir()
	var data, index *os.File
	g := &gathering{room: room, open: func() (*os.File, *os.File, error) {
		data, _ = os.Create(filepath.Join(dir, "data"))
		index, _ = os.Create(filepath.Join(dir, "index"))
		return data, index, nil
	}}
	err = g.read(bytes.NewReader(archive))
	c = g.end()
	files = map[string]string{}
	if data == nil {
		return files, c, err
	}
	defer data.Close()
	defer index.Close()
	lines, _ := os.ReadFile(index.Name())
	content, _ := os.ReadFile(data.Name())
	var set glovebox.ArtifactSet
	for line := range strings.Lines(string(lines[:c.Index])) {
		var a glovebox.Artifact
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		if err := set.Add(a); err != nil {
			t.Fatal(err)
		}
		files[a.Path] = string(content[a.Offset : a.Offset+a.Size])
	}
	if set.Bytes() != c.Bytes || c.Bytes+c.Index > room {
		t.Fatalf("%+v of %d, the index is of %d", c, room, set.Bytes())
	}
	return files, c, err
}

func TestArtifactBounds(t *testing.T) {
	t.Run("number", func(t *testing.T) {
		var all []entry
		for i := range glovebox.MaxArtifacts + 3 {
			all = append(all, entry{name: fmt.Sprintf("f%05d", i)})
		}
		files, c, err := gathered(t, archiveOf(t, all...), 64<<20)
		if err != nil || len(files) != glovebox.MaxArtifacts || c.LeftOut != 3 || !c.Truncated {
			t.Errorf("%d files, %+v, %v", len(files), c, err)
		}
	})
	t.Run("bytes", func(t *testing.T) { // what does not fit is left out, what does is not
		a, b, c3 := strings.Repeat("a", 4000), strings.Repeat("b", 9000), strings.Repeat("c", 3000)
		files, c, err := gathered(t, archiveOf(t, entry{name: "a", body: a}, entry{name: "b", body: b}, entry{name: "c", body: c3}), 8000)
		if err != nil || len(files) != 2 || files["a"] != a || files["c"] != c3 || c.LeftOut != 1 || !c.Truncated {
			t.Errorf("%d files, %+v, %v", len(files), c, err)
		}
	})
	t.Run("folders", func(t *testing.T) { // the list counts, too
		var all []entry
		for i := range 1000 {
			all = append(all, entry{name: fmt.Sprintf("d%05d/", i), kind: tar.TypeDir})
		}
		if _, c, err := gathered(t, archiveOf(t, all...), 8000); err != nil || !c.Truncated || c.LeftOut < 800 {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("announced", func(t *testing.T) { // a file that says it is huge
		archive := archiveOf(t, entry{name: "a", body: "a"})
		h := ustar("huge", "x", nil)[:512]
		copy(h[124:], "77777777777\x00")
		copy(h[148:], "        ")
		sum := 0
		for _, c := range h {
			sum += int(c)
		}
		copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
		files, c, err := gathered(t, append(archive[:1024], h...), room)
		if err == nil || len(files) != 1 || c.LeftOut != 1 || !c.Truncated {
			t.Errorf("%d files, %+v, %v", len(files), c, err)
		}
	})
}

// TestBrokenArchive: whatever breaks, the job ends as it did, with what was whole
// and a mark.
func TestBrokenArchive(t *testing.T) {
	whole := archiveOf(t, entry{name: "a", body: "hello"}, entry{name: "b", body: strings.Repeat("b", 5000)})
	for name, tt := range map[string]struct {
		left  *left
		files int
		calls int
	}{
		"cut in a file":    {&left{archive: whole[:2500]}, 1, 1},
		"cut at a header":  {&left{archive: whole[:1100]}, 1, 1},
		"no archive":       {&left{archive: []byte(strings.Repeat("no", 1000))}, 0, 1},
		"fails at the end": {&left{archive: whole, after: glovebox.Errorf(glovebox.KindNodeLost, "gone")}, 2, 1},
		"gone":             {&left{errs: []error{glovebox.Errorf(glovebox.KindNodeLost, "gone")}}, 0, 1},
		"unknown":          {&left{errs: []error{errors.New("what is this")}}, 0, 1},
		"endless": {&left{write: func(w io.Writer) (n int64, err error) {
			for block := bytes.Repeat([]byte("x"), 1<<16); err == nil; {
				_, err = w.Write(block)
			}
			return 0, err
		}}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := collectRig(t, tt.left)
			r.start()
			id := r.job(hello)
			s := r.exited(id)
			if e := s.GetExit(); e.GetCode() != 3 || e.GetFault() != nil || !s.GetArtifactsTruncated() || tt.left.calls != tt.calls {
				t.Errorf("told %v after %d calls", s, tt.left.calls)
			}
			if files, _ := r.got(id, s); len(files) != tt.files {
				t.Errorf("%d files", len(files))
			}
			r.finished(id)
			r.nothingKept(id)
		})
	}
	t.Run("away for a while", func(t *testing.T) {
		away := glovebox.Errorf(glovebox.KindUnavailable, "containerd is away")
		l := &left{archive: whole, errs: []error{away, away, away}}
		r := collectRig(t, l)
		r.start()
		id := r.job(hello)
		s := r.exited(id)
		if files, _ := r.got(id, s); len(files) != 2 || s.GetArtifactsTruncated() || l.calls != 4 {
			t.Errorf("%d files, told %v after %d calls", len(files), s, l.calls)
		}
		r.finished(id)
	})
}

// TestKilledWhileCollecting: the next agent collects again, or goes on with what
// was collected.
func TestKilledWhileCollecting(t *testing.T) {
	archive := archiveOf(t, entry{name: "a", body: "hello"}, entry{name: "d/b", body: strings.Repeat("b", 50_000)})
	check := func(t *testing.T, r *rig, id string) {
		t.Helper()
		s := r.exited(id)
		files, _ := r.got(id, s)
		if e := s.GetExit(); e.GetCode() != 3 || e.GetFault() != nil || r.node.runs(id) != 1 || len(files) != 2 || s.GetArtifactsTruncated() {
			t.Errorf("told %v, %d files, ran %d times", s, len(files), r.node.runs(id))
		}
		r.finished(id)
		r.nothingKept(id)
	}
	for _, step := range []string{"collect", "collected", "exit", "held"} {
		t.Run(step, func(t *testing.T) {
			r := collectRig(t, &left{archive: archive})
			dead := r.killAt(step)
			r.start()
			id := r.job(hello)
			<-dead
			r.restart()
			check(t, r, id)
		})
	}
	t.Run("in the middle", func(t *testing.T) {
		l := &left{archive: archive}
		half := make(chan struct{})
		l.stall = func(ctx context.Context) { close(half); <-ctx.Done() }
		r := collectRig(t, l)
		r.start()
		id := r.job(hello)
		<-half
		r.stop()
		l.stall = nil
		r.start()
		check(t, r, id)
	})
	t.Run("vanished", func(t *testing.T) {
		half := make(chan struct{})
		l := &left{archive: archive, stall: func(ctx context.Context) { close(half); <-ctx.Done() }}
		r := collectRig(t, l)
		r.start()
		id := r.job(hello)
		<-half
		r.finished(id)
		r.nothingKept(id)
	})
}

// FuzzArchive: no archive makes the agent keep what control would refuse.
func FuzzArchive(f *testing.F) {
	f.Add(archiveOf(f, entry{name: "a", body: "hello"}, entry{name: "d/", kind: tar.TypeDir}, entry{name: "d/b", body: "x"}))
	f.Add(ustar("../x", "x", archiveOf(f)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, archive []byte) { _, _, _ = gathered(t, archive, room) })
}

var _ glovebox.Collector = (*left)(nil)
