package containerd

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"glovebox"
)

// snapshotsDir is the folder of snapshots in the work folder, for root alone.
// Each has a folder of its own name, which is called ".NAME" until it is whole:
//
//	NAME/about.json   saved, as below
//	NAME/state/…      what the shim has written
const (
	snapshotsDir = "snapshots"
	aboutFile    = "about.json"
	stateDir     = "state"
)

// saved is what a sandbox must have in common with one that was saved.
type saved struct {
	glovebox.Snapshot
	User   string // as in glovebox.SandboxSpec, of the saved job
	Limits glovebox.Limits
}

// snapshotDir is the folder of all snapshots, or of one, or a file in it.
func (r *Runtime) snapshotDir(elem ...string) string {
	return filepath.Join(append([]string{r.config.Dir, snapshotsDir}, elem...)...)
}

// hidden is what a snapshot's folder is called until it is whole.
func hidden(name string) string { return "." + name }

// Snapshots implements glovebox.Saver.
func (r *Runtime) Snapshots(context.Context) ([]glovebox.Snapshot, error) {
	entries, err := os.ReadDir(r.snapshotDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list snapshots: %w", err)
	}
	var all []glovebox.Snapshot
	for _, e := range entries {
		name, _ := strings.CutPrefix(e.Name(), ".")
		s := saved{Snapshot: glovebox.Snapshot{Name: name}}
		if name == e.Name() {
			if whole, err := r.saved(name); err == nil {
				s = whole
			}
		}
		all = append(all, s.Snapshot)
	}
	return all, nil
}

// saved reads what is known of a whole snapshot; KindNotFound.
func (r *Runtime) saved(name string) (s saved, err error) {
	if checkID(name) != nil {
		return s, noSnapshot(name)
	}
	b, err := os.ReadFile(r.snapshotDir(name, aboutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, noSnapshot(name)
	}
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err == nil && (s.Name != name || s.Digest == "") {
		err = errors.New("it is another's")
	}
	if err != nil {
		return s, glovebox.Errorf(glovebox.KindStart, "read the record of snapshot %s: %w", name, err).Try("remove its template, and make it anew")
	}
	return s, nil
}

func noSnapshot(name string) error {
	return glovebox.Errorf(glovebox.KindNotFound, "there is no snapshot %s on this node", name).On("snapshot").
		Try("make its template anew")
}

// RemoveSnapshot implements glovebox.Saver. Files that a shim has open, because
// it still writes or restores them, are gone when it closes them.
func (r *Runtime) RemoveSnapshot(ctx context.Context, name string) error {
	if err := checkID(name); err != nil {
		return err
	}
	unlock, err := r.saves.lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	// It is not whole from the first moment on, so that none is taken for it.
	if err := os.Rename(r.snapshotDir(name), r.snapshotDir(hidden(name))); errors.Is(err, fs.ErrExist) {
		err = os.RemoveAll(r.snapshotDir(name))
		if err != nil {
			return snapshotFault("remove", name, err)
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return snapshotFault("remove", name, err)
	}
	if err := os.RemoveAll(r.snapshotDir(hidden(name))); err != nil {
		return snapshotFault("remove", name, err)
	}
	return nil
}

func snapshotFault(do, name string, err error) error {
	return glovebox.Errorf(glovebox.KindInternal, "%s snapshot %s: %w", do, name, err).Try("see whether the node's disk is full")
}

// heldSnapshots lists what there is of snapshots, for Residue.
func (r *Runtime) heldSnapshots() []glovebox.Residue {
	entries, _ := os.ReadDir(r.snapshotDir())
	var held []glovebox.Residue
	for _, e := range entries {
		held = append(held, glovebox.Residue{Kind: "file", Name: r.snapshotDir(e.Name()), Sandbox: strings.TrimPrefix(e.Name(), ".")})
	}
	return held
}

// complete gives the written snapshot its record and its name.
func (r *Runtime) complete(s saved) (glovebox.Snapshot, error) {
	s.Taken = time.Now().UTC()
	b, err := json.Marshal(s)
	if err == nil {
		err = writeNew(r.snapshotDir(hidden(s.Name), aboutFile), b)
	}
	if err == nil {
		err = os.Rename(r.snapshotDir(hidden(s.Name)), r.snapshotDir(s.Name))
	}
	if err != nil {
		return glovebox.Snapshot{}, snapshotFault("record", s.Name, err)
	}
	return s.Snapshot, nil
}
