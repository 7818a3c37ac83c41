package containerd

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"glovebox"
)

// record is what a later process must know of a sandbox, kept as sandbox.json.
type record struct {
	ID        string
	Container string // what it is called outside of its folder; see parkedFile
	Tenant    string
	Image     string // digest
	Runtime   string
	User      string // as in glovebox.SandboxSpec
	Limits    glovebox.Limits
	Created   time.Time
}

// sandboxesDir is the folder of sandboxes in the work folder, and scratchesDir
// that of their writable layers.
const (
	sandboxesDir = "sandboxes"
	scratchesDir = "scratch"
)

// VolatileIn is the folder under Config.Dir with a folder for each sandbox. What
// is in it is small and means nothing to another boot, so it can be in memory.
func VolatileIn(dir string) string { return filepath.Join(dir, sandboxesDir) }

// Files of a sandbox's folder.
const (
	recordFile  = "sandbox.json"
	startedFile = "started"
	limitFile   = "limit"
	exitFile    = "exit.json"
	reportFile  = "report.json"
	scratchDir  = "scratch"
	rootDir     = "root"
	filesDir    = "files"
)

// sandboxID is what fits containerd's rules, file names and control groups.
var sandboxID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxSandboxID = 60

func checkID(id string) error {
	if len(id) > maxSandboxID || !sandboxID.MatchString(id) {
		return glovebox.Errorf(glovebox.KindInvalid, "%q cannot be a sandbox id", id).
			Try("use at most %d of a-z, 0-9 and single dashes", maxSandboxID)
	}
	return nil
}

// newFolder makes the sandbox's folder, which must not exist.
func (r *Runtime) newFolder(id string) error {
	err := os.Mkdir(r.dir(id), 0o711)
	if errors.Is(err, fs.ErrExist) {
		return exists(id)
	}
	if err == nil {
		err = os.Chmod(r.dir(id), 0o711)
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "make the folder of sandbox %s: %w", id, err)
	}
	return nil
}

// newRecord writes the record of a sandbox into its folder.
func (r *Runtime) newRecord(s glovebox.SandboxSpec, container string) error {
	b, err := json.Marshal(record{
		ID: s.ID, Container: container, Tenant: s.Tenant, Image: s.Image.Digest, Runtime: s.Runtime, User: s.User, Limits: s.Limits, Created: time.Now(),
	})
	if err == nil {
		err = writeNew(r.dir(s.ID, recordFile), b)
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "record sandbox %s: %w", s.ID, err)
	}
	return nil
}

func exists(id string) error {
	return glovebox.Errorf(glovebox.KindConflict, "sandbox %s exists", id).Try("destroy it first")
}

// record reads what newRecord wrote; KindNotFound.
func (r *Runtime) record(id string) (record, error) {
	var rec record
	if err := checkID(id); err != nil {
		return rec, unknown(id)
	}
	err := r.load(id, recordFile, &rec)
	if errors.Is(err, fs.ErrNotExist) {
		return rec, unknown(id)
	}
	if err != nil {
		return rec, glovebox.Errorf(glovebox.KindInternal, "read the record of sandbox %s: %w", id, err)
	}
	if rec.Container == "" { // written by an earlier version
		rec.Container = id
	}
	return rec, nil
}

func unknown(id string) error {
	return glovebox.Errorf(glovebox.KindNotFound, "there is no sandbox %s", id)
}

// mark sets a mark with a word on it; a mark that is there stays as it is. One
// without a word is of a process that died between the two.
func (r *Runtime) mark(id, name, word string) error {
	if err := writeNew(r.dir(id, name), []byte(word)); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// marked returns the word of a mark and whether it is set.
func (r *Runtime) marked(id, name string) (string, bool) {
	b, err := os.ReadFile(r.dir(id, name))
	return strings.TrimSpace(string(b)), err == nil
}

func (r *Runtime) load(id, name string, v any) error { return loadFile(r.dir(id, name), v) }

func loadFile(path string, v any) error {
	b, err := os.ReadFile(path)
	if err == nil && len(b) == 0 {
		return fs.ErrNotExist // not written yet
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// writeNew writes a file that is not there yet: a third of what writeFile
// takes, and good for what nobody reads before its writer is done.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// writeFile replaces a file as a whole. It does not sync: what is lost in a
// power cut speaks of sandboxes that are lost in it too.
func writeFile(path string, b []byte) error {
	tmp, err := writeTemp(path, b)
	if err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// keep writes v unless the file is there already, and then reads that into v:
// of several processes that saw the same, one is believed by all.
func (r *Runtime) keep(id, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tmp, err := writeTemp(r.dir(id, name), b)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, r.dir(id, name)); errors.Is(err, fs.ErrExist) {
		return r.load(id, name, v)
	} else if err != nil {
		return err
	}
	return nil
}

// writeTemp writes beside path, under a name nobody else has.
func writeTemp(path string, b []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
