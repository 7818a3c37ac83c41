package containerd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/anypb"

	"glovebox"
)

// saveType says what is in the options of the Checkpoint call to the shim.
const saveType = "dev.glovebox.save"

// manifestFile is what the shim writes last: all files with their checksums.
const manifestFile = "snapshot.json"

// Bounds of a node's snapshots that Config does not set.
const (
	defaultSnapshots     = 32
	defaultSnapshotBytes = 16 << 30
)

// Save implements glovebox.Saver, for gVisor alone.
func (r *Runtime) Save(ctx context.Context, id, name string, end bool) (glovebox.Snapshot, error) {
	none := glovebox.Snapshot{}
	if checkID(name) != nil {
		return none, glovebox.Errorf(glovebox.KindInvalid, "%q cannot be a snapshot's name", name).On("name")
	}
	rec, err := r.record(id)
	if err != nil {
		return none, err
	}
	if rec.Runtime != glovebox.RuntimeGVisor {
		return none, glovebox.Errorf(glovebox.KindRuntime, "a sandbox of %s cannot be saved", rec.Runtime).On("runtime")
	}
	unlock, err := r.saves.lock(ctx, name)
	if err != nil {
		return none, err
	}
	defer unlock()
	if s, err := r.saved(name); err == nil {
		if s.Tenant != rec.Tenant {
			return none, glovebox.Errorf(glovebox.KindInvalid, "there is another snapshot %s", name).On("name")
		}
		return s.Snapshot, nil
	}
	if err := r.roomForSnapshot(rec, 0); err != nil {
		return none, err
	}
	s, err := r.save(ctx, rec, name, end)
	if err != nil {
		_ = os.RemoveAll(r.snapshotDir(hidden(name))) // what stays is listed, and removed by whoever reads the list
	}
	return s, err
}

// save has the shim write it into a new folder.
func (r *Runtime) save(ctx context.Context, rec record, name string, end bool) (none glovebox.Snapshot, err error) {
	if err := os.RemoveAll(r.snapshotDir(hidden(name))); err != nil { // of a try that was cut short
		return none, snapshotFault("clear", name, err)
	}
	state := r.snapshotDir(hidden(name), stateDir)
	if err := os.MkdirAll(state, 0o700); err != nil {
		return none, snapshotFault("make", name, err)
	}
	l, err := r.shim(ctx)
	if err != nil {
		return none, err
	}
	value := `{"end":false}`
	if end {
		value = `{"end":true}`
	}
	_, err = l.Checkpoint(r.spoken(ctx), &task.CheckpointTaskRequest{
		ID: rec.Container, Path: state, Options: &anypb.Any{TypeUrl: saveType, Value: []byte(value)},
	})
	if err != nil {
		return none, saveFault(rec.ID, native(err))
	}
	s := saved{User: rec.User, Limits: rec.Limits, Snapshot: glovebox.Snapshot{Name: name, Tenant: rec.Tenant, Image: rec.Image}}
	manifest, err := os.ReadFile(filepath.Join(state, manifestFile))
	if err == nil {
		s.Bytes, err = sizeOf(state)
	}
	if err != nil {
		return none, snapshotFault("read", name, err)
	}
	sum := sha256.Sum256(manifest)
	s.Digest = "sha256:" + hex.EncodeToString(sum[:])
	if err := r.roomForSnapshot(record{}, s.Bytes); err != nil { // what it turned out to be
		return none, err
	}
	return r.complete(s)
}

// roomForSnapshot refuses what is beyond the node's bounds: one more of size
// bytes or, of a sandbox that is yet to be saved, as much as it has in memory.
func (r *Runtime) roomForSnapshot(rec record, size int64) error {
	all, err := r.Snapshots(r.ctx)
	if err != nil {
		return err
	}
	count, bytes := 1, size
	for _, s := range all {
		if s.Digest != "" {
			count, bytes = count+1, bytes+s.Bytes
		}
	}
	if rec.ID != "" {
		bytes += r.group(rec.Container).MemoryNow()
	}
	most, room := r.config.Snapshots, r.config.SnapshotBytes
	const hint = "remove a template that has a snapshot"
	if count > most {
		return glovebox.Errorf(glovebox.KindTooLarge, "the node has %d snapshots already", count-1).On("snapshot").Try(hint)
	}
	if bytes > room {
		return glovebox.Errorf(glovebox.KindTooLarge, "the snapshots of the node would take %d bytes together", bytes).On("snapshot").
			Try("at most %d; %s, or save a smaller job", room, hint)
	}
	var disk unix.Statfs_t
	if rec.ID != "" && unix.Statfs(r.snapshotDir(), &disk) == nil && int64(disk.Bavail)*disk.Bsize < r.group(rec.Container).MemoryNow() {
		return glovebox.Errorf(glovebox.KindTooLarge, "the node's disk has no room for the snapshot").On("snapshot").Try(hint)
	}
	return nil
}

// sizeOf is what the files of a folder take.
func sizeOf(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

// saveFault words what the shim says of a Checkpoint.
func saveFault(id string, err error) error {
	switch {
	case errdefs.IsNotFound(err):
		return glovebox.Errorf(glovebox.KindNotFound, "there is no sandbox %s any more", id)
	case errdefs.IsFailedPrecondition(err):
		return glovebox.Errorf(glovebox.KindConflict, "sandbox %s cannot be saved in this state: %w", id, err).Try("save a job that is running")
	case errdefs.IsResourceExhausted(err):
		return glovebox.Errorf(glovebox.KindTooLarge, "save sandbox %s: %w", id, err).On("snapshot").Try("free space on the node's disk")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), shimAway(err):
		return glovebox.Errorf(glovebox.KindUnavailable, "saving sandbox %s was given up: %w", id, err).Try("try again")
	}
	return glovebox.Errorf(glovebox.KindStart, "save sandbox %s: %w", id, err).Try("see docs/snapshots.md for what cannot be saved")
}
