package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/blob/folder"
	"glovebox/internal/backup"
	"glovebox/internal/instance"
	"glovebox/output"
	"glovebox/store/sqlite"
)

func (a *app) backupReadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup-read", Short: "Read what control keeps (started by `glovebox backup`)", Hidden: true, Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.asChild(cmd.Context(), func(ctx context.Context) error { return a.backupRead(ctx) })
		},
	}
}

// asChild runs a part of a command that another process of ours has started, and
// tells that one of an error in JSON.
func (a *app) asChild(ctx context.Context, run func(context.Context) error) error {
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer cancel()
	signal.Ignore(syscall.SIGPIPE) // there are files to remove first
	err := run(ctx)
	if err == nil {
		return nil
	}
	_ = json.NewEncoder(a.stderr).Encode(glovebox.AsError(err)) // nobody else to tell
	return exitStatus(glovebox.KindOf(err).Info().Exit)
}

// backupRead writes a tar archive of control's files to stdout. The store is
// copied before anything else: what its records speak of is there by then, and
// what is sealed does not change any more.
func (a *app) backupRead(ctx context.Context) error {
	l, err := a.layout()
	if err != nil {
		return err
	}
	yield()
	unlock, err := lockBackup(l)
	if err != nil {
		return err
	}
	defer unlock()
	path := filepath.Join(l.Tmp(), "backup.db")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // of one that was killed
		return glovebox.Errorf(glovebox.KindInternal, "remove an old copy of the store: %w", err)
	}
	r := &reader{ctx: ctx, layout: l, out: tar.NewWriter(a.stdout), taken: time.Now().UTC()}
	version, err := sqlite.Snapshot(ctx, l.Store(), path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	if r.jobs, err = sqlite.OpenCopy(ctx, path); err != nil {
		return err
	}
	defer r.jobs.Close()
	head, err := json.Marshal(readHead{Schema: version, Taken: r.taken})
	if err == nil {
		err = r.add(fileHead, int64(len(head)), false, bytes.NewReader(head))
	}
	for _, step := range []func() error{
		func() error { return r.addFile(backup.Control+filepath.Base(l.Store()), path) }, r.addKeys, r.addBlobs, r.out.Close,
	} {
		if err == nil {
			err = step()
		}
	}
	return err
}

// yield lets all others go first at CPU and disk: a backup has time. Threads that
// are made later take after those that there are. It is worth no error.
func yield() {
	const (
		ofThread = 1       // IOPRIO_WHO_PROCESS
		idle     = 3 << 13 // IOPRIO_CLASS_IDLE
	)
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, id, 15)
			_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ofThread, uintptr(id), idle)
		}
	}
}

// lockBackup allows one at a time: each needs room for a copy of the store.
func lockBackup(l instance.Layout) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(l.Tmp(), "backup.lock"), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "lock control's temporary files: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, glovebox.Errorf(glovebox.KindConflict, "another backup of this instance is being written").Try("wait until it is done")
	}
	return func() { _ = f.Close() }, nil
}

// reader copies what control has written.
type reader struct {
	ctx    context.Context // of the whole command
	layout instance.Layout
	out    *tar.Writer
	taken  time.Time
	jobs   *sqlite.Copy
}

func (r *reader) add(name string, size int64, open bool, from io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o400, Format: tar.FormatPAX}
	if open {
		h.Mode = 0o600
	}
	if err := r.out.WriteHeader(h); err != nil {
		return err
	}
	n, err := io.Copy(r.out, io.LimitReader(from, size))
	if err == nil && n < size {
		err = glovebox.Errorf(glovebox.KindConflict, "%s has become shorter while it was copied", name).Try("try again")
	}
	return err
}

func (r *reader) addFile(name, path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "read %s: %w", name, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "read %s: %w", name, err)
	}
	return r.add(name, st.Size(), false, f)
}

// addKeys adds the files beside the store: keys.
func (r *reader) addKeys() error {
	entries, err := os.ReadDir(r.layout.Control())
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "list control's files: %w", err)
	}
	store := filepath.Base(r.layout.Store())
	for _, e := range entries {
		name := backup.Control + e.Name()
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), store) || backup.CheckName(name) != nil {
			continue
		}
		if err := r.addFile(name, filepath.Join(r.layout.Control(), e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// addBlobs adds all blobs but those of jobs that the copied store does not know:
// they came later.
func (r *reader) addBlobs() error {
	view, err := folder.OpenView(r.layout.Blobs())
	if err != nil {
		return err
	}
	defer view.Close()
	return view.List(r.ctx, "", func(key string, _ glovebox.BlobInfo) error {
		if known, err := r.known(key); err != nil || !known {
			return err
		}
		f, info, err := view.Open(key)
		if glovebox.KindOf(err) == glovebox.KindNotFound {
			return nil // removed meanwhile
		}
		if err != nil {
			return err
		}
		defer f.Close()
		return r.add(backup.Blobs+key, info.Size, !info.Sealed, f)
	})
}

func (r *reader) known(key string) (bool, error) {
	rest, ofJob := strings.CutPrefix(key, strings.TrimSuffix(output.Prefix(""), "/"))
	if !ofJob {
		return true, nil
	}
	id, _, _ := strings.Cut(rest, "/")
	return r.jobs.HasJob(r.ctx, id)
}
