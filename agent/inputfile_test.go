package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"glovebox/internal/nodev1"
)

// withFile gives control a file, and the order of a job its name.
func (r *rig) withFile(path string, content []byte) func(*nodev1.Work) {
	sum := sha256.Sum256(content)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	r.control.change(func() {
		if r.control.files == nil {
			r.control.files = map[string][]byte{}
		}
		r.control.files[digest] = content
	})
	return func(w *nodev1.Work) {
		w.Files = append(w.Files, &nodev1.InputFile{Path: path, Digest: digest, Size: int64(len(content)), Mode: 0o555})
	}
}

// sees is a command that ends well if it has the files.
func sees(t *testing.T, want map[string][]byte) func(*proc) int {
	return func(p *proc) int {
		if len(p.Spec.Files) != len(want) {
			t.Errorf("%d files", len(p.Spec.Files))
		}
		for _, f := range p.Spec.Files {
			if !bytes.Equal(f.Data.Reveal(), want[f.Path]) || f.Mode != 0o555 {
				t.Errorf("%s: %d bytes, mode %o", f.Path, f.Data.Len(), f.Mode)
			}
		}
		return 7
	}
}

func TestInputFiles(t *testing.T) {
	r := newRig(t)
	r.start()
	small, large, none := []byte("x,y\n1,2\n"), noise(1, 3<<20), []byte{}
	id := r.job(sees(t, map[string][]byte{"/data/a.csv": small, "/large": large, "/again": small, "/none": none}),
		r.withFile("/data/a.csv", small), r.withFile("/large", large), r.withFile("/again", small), r.withFile("/none", none))
	if e := r.exited(id).GetExit(); e.GetCode() != 7 || e.GetFault() != nil {
		t.Errorf("exit %v", e)
	}
	if n := len(r.control.filesAt); n != 3 {
		t.Errorf("%d calls for three files", n)
	}
	if left := len(r.agent.loads); left != 0 {
		t.Errorf("%d places are held", left)
	}
	order, err := os.ReadFile(filepath.Join(r.dir, dirSandboxes, id, fileOrder))
	if err != nil || bytes.Contains(order, small) {
		t.Errorf("the bytes are on the disk, %v", err)
	}
	r.finished(id)
}

// TestInputFileBreaks: a call that breaks off is gone on with where it ended.
func TestInputFileBreaks(t *testing.T) {
	r := newRig(t)
	content, pieces := noise(1, 200_000), 0
	r.control.fileErr = func(int) error {
		if pieces++; pieces%5 == 0 {
			return connect.NewError(connect.CodeUnavailable, errors.New("broken off"))
		}
		return nil
	}
	r.start()
	id := r.job(sees(t, map[string][]byte{"/a": content}), r.withFile("/a", content))
	if e := r.exited(id).GetExit(); e.GetCode() != 7 {
		t.Errorf("exit %v", e)
	}
	if at := r.control.filesAt; len(at) < 4 || !slices.IsSorted(at) || at[1] == 0 {
		t.Errorf("asked from %v", at)
	}
	r.finished(id)
}

func TestInputFileWrong(t *testing.T) {
	content := []byte("what was meant")
	t.Run("other bytes for a while", func(t *testing.T) {
		for _, other := range []string{"what was MEANT", "short", "what was meant and more"} {
			r := newRig(t)
			r.start()
			change := r.withFile("/a", content)
			var w nodev1.Work
			change(&w)
			digest := w.Files[0].Digest
			r.control.change(func() { r.control.files[digest] = []byte(other) })
			id := r.job(sees(t, map[string][]byte{"/a": content}), change)
			eventually(t, "asked twice", func() bool {
				r.control.mu.Lock()
				defer r.control.mu.Unlock()
				return len(r.control.filesAt) > 1
			})
			r.control.change(func() { r.control.files[digest] = content })
			if e := r.exited(id).GetExit(); e.GetCode() != 7 || e.GetFault() != nil || r.node.runs(id) != 1 {
				t.Errorf("%q: exit %v", other, e)
			}
			r.finished(id)
		}
	})
	t.Run("gone", func(t *testing.T) {
		r := newRig(t)
		r.start()
		change := r.withFile("/a", content)
		r.control.change(func() { clear(r.control.files) })
		id := r.job(hello, change)
		if f := r.exited(id).GetExit().GetFault(); f.GetKind() != "invalid" || f.GetField() != "files[0].digest" || f.GetHint() == "" || r.node.runs(id) != 0 {
			t.Errorf("fault %v", f)
		}
		r.finished(id)
	})
	t.Run("order", func(t *testing.T) {
		r := newRig(t)
		r.start()
		id := r.job(hello, func(w *nodev1.Work) {
			w.Files = []*nodev1.InputFile{{Path: "/proc/1/mem", Digest: "sha256:" + strings.Repeat("0", 64)}}
		})
		if f := r.exited(id).GetExit().GetFault(); f.GetField() != "files[0].path" || r.node.runs(id) != 0 {
			t.Errorf("fault %v", f)
		}
		r.control.drop(id)
	})
}

// TestInputFilesOfMany: of many jobs with files, the files of a few are in memory.
func TestInputFilesOfMany(t *testing.T) {
	r := newRig(t)
	content := noise(1, 100_000)
	held := make(chan struct{})
	r.node.setFail("create", func(string) error { <-held; return nil })
	r.start()
	var ids []string
	for range 3 * maxLoads {
		ids = append(ids, r.job(sees(t, map[string][]byte{"/a": content}), r.withFile("/a", content)))
	}
	eventually(t, "places taken", func() bool { return len(r.agent.loads) == maxLoads })
	r.control.mu.Lock()
	asked := len(r.control.filesAt)
	r.control.mu.Unlock()
	if asked > maxLoads {
		t.Errorf("%d files were asked for", asked)
	}
	close(held)
	for _, id := range ids {
		r.exited(id)
		r.finished(id)
	}
	if n := len(r.agent.loads); n != 0 {
		t.Errorf("%d places are held", n)
	}
}

// TestKilledWithFiles: the next agent fetches them again.
func TestKilledWithFiles(t *testing.T) {
	for _, step := range []string{"files", "slot", "marker", "start"} {
		t.Run(step, func(t *testing.T) {
			r := newRig(t)
			dead := r.killAt(step)
			r.start()
			content := []byte("again")
			id := r.job(sees(t, map[string][]byte{"/a": content}), r.withFile("/a", content))
			<-dead
			r.restart()
			if e := r.exited(id).GetExit(); e.GetCode() != 7 || e.GetFault() != nil || r.node.runs(id) != 1 {
				t.Errorf("exit %v", e)
			}
			r.finished(id)
		})
	}
}
