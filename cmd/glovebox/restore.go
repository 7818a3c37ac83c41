package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/blob/folder"
	"glovebox/internal/backup"
	"glovebox/internal/instance"
	"glovebox/store/sqlite"
)

func (a *app) restoreCommand() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use: "restore FILE --data DIR", Short: "Make an instance of a backup (as root)", Args: takes(1, 1),
		Long: `Make an instance in an empty folder of what glovebox backup has written. The whole
file is checked before anything is written, and the folder holds an instance only
when all of it is there. Then: glovebox up --data DIR, with the flags of before.

Jobs that had not ended when the backup was taken are FAILED (node_lost) in the
new instance, with a message that says so: whether they ran on after it is not
known there. People, passkeys, sessions, secrets, quotas, images and the output
of all jobs are as they were. The server that the backup is of should not run
any more: two that think they are one would both accept jobs.

--check reads and checks the file and writes nothing.`,
		Example: "  glovebox restore glovebox.backup --data /var/lib/glovebox --identity key.txt\n  glovebox restore --check glovebox.backup --identity key.txt",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.restore(cmd.Context(), args[0], f) },
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.check, "check", false, "check the file and write nothing")
	fs.BoolVar(&f.json, "json", false, "print JSON")
	f.open.define(fs)
	return cmd
}

type restoreFlags struct {
	check, json bool
	open        openFlags
}

// restoreResult is what `glovebox restore --json` prints.
type restoreResult struct {
	backup.About
	backup.Total
	Data string `json:"data,omitempty"` // where the instance is now

	settled
}

func (a *app) restore(ctx context.Context, path string, f restoreFlags) error {
	stop := watchInterrupts(ctx)
	defer stop.stop()
	ctx = stop.first
	keys, err := f.open.keys()
	if err != nil {
		return err
	}
	in, err := openBackup(path)
	if err != nil {
		return err
	}
	defer in.Close()
	archive := &archiveIn{ctx: ctx, file: in, open: func() (*backup.Reader, error) { return backup.NewReader(in, keys) }, bar: a.newProgress()}
	defer archive.bar.clear()
	var r restoreResult
	if r.About, r.Total, err = archive.check(); err != nil {
		return err
	}
	if !f.check {
		l, err := a.layout()
		if err != nil {
			return err
		}
		err = instance.Restored(l, instance.ThisHost(), buildName(), func(i *instance.Instance) (err error) {
			if err := archive.fill(i); err != nil {
				return err
			}
			r.settled, err = settleAsControl(ctx, i, r.Taken)
			return err
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return blameRestore(err)
		}
		r.Data = l.Dir
	}
	archive.bar.clear()
	return a.printRestored(r, f)
}

func (a *app) printRestored(r restoreResult, f restoreFlags) error {
	if f.json {
		return printJSON(a.stdout, r)
	}
	fmt.Fprintf(a.stderr, "glovebox: a backup of instance %s by glovebox %s, as of %s: %d files with %s, whole\n",
		inert(r.Instance), inert(r.Version), r.Taken.Local().Format(time.DateTime), r.Files, humanSize(r.Bytes))
	if f.check {
		return nil
	}
	fmt.Fprintf(a.stderr, "glovebox: restored with %d jobs, of which %d had not ended and are FAILED (node_lost) now\n", r.Jobs, r.Ended)
	_, err := fmt.Fprintf(a.stdout, "glovebox up --data %s\n", r.Data)
	return err
}

func openBackup(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "%w", err).Try("name a file that `glovebox backup` has written")
	}
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		_ = f.Close()
		return nil, glovebox.Errorf(glovebox.KindInvalid, "%s is not a file", path).Try("it is read twice, so a pipe will not do")
	}
	return f, nil
}

// archiveIn is the file that is restored from. It is read twice.
type archiveIn struct {
	ctx  context.Context // of the whole command
	file *os.File
	open func() (*backup.Reader, error)
	bar  *progress
}

// each reads the archive from its beginning.
func (a *archiveIn) each(doing string, take func(backup.Entry, io.Reader) error) (backup.About, backup.Total, error) {
	var none backup.Total
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return backup.About{}, none, glovebox.Errorf(glovebox.KindInternal, "read the backup: %w", err)
	}
	r, err := a.open()
	if err != nil {
		return backup.About{}, none, err
	}
	defer r.Close()
	for {
		if err := a.ctx.Err(); err != nil {
			return r.About(), none, err
		}
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.About(), r.Total(), nil
		}
		if err != nil {
			return r.About(), none, err
		}
		if err := take(e, r); err != nil {
			return r.About(), none, err
		}
		a.bar.show(doing, r.Total().Bytes, 0)
	}
}

// check reads all of it, and whether this program can use what is in it.
func (a *archiveIn) check() (backup.About, backup.Total, error) {
	store := false
	about, total, err := a.each("checking", func(e backup.Entry, _ io.Reader) error {
		store = store || e.Name == nameStore()
		return nil
	})
	switch {
	case err != nil:
		return about, total, err
	case !store:
		return about, total, glovebox.Errorf(glovebox.KindInvalid, "there is no store in the backup").Try("use another backup")
	case about.Schema > sqlite.SchemaVersion():
		return about, total, glovebox.Errorf(glovebox.KindUnavailable,
			"the backup's store has version %d, and this glovebox knows versions up to %d", about.Schema, sqlite.SchemaVersion()).
			Try("restore it with glovebox %s, which wrote it, or a newer one", about.Version)
	}
	return about, total, nil
}

func nameStore() string { return backup.Control + filepath.Base(instance.Layout{}.Store()) }

// fill writes the archive's files to their places.
func (a *archiveIn) fill(i *instance.Instance) error {
	blobs, err := folder.OpenFiller(i.Blobs())
	if err != nil {
		return err
	}
	defer blobs.Close()
	_, _, err = a.each("restoring", func(e backup.Entry, r io.Reader) error {
		if key, ok := strings.CutPrefix(e.Name, backup.Blobs); ok {
			return blobs.Write(key, !e.Open, r)
		}
		if name, ok := strings.CutPrefix(e.Name, backup.TLS); ok {
			return writeNew(filepath.Join(i.TLS(), name), modeOfTLS(name), r)
		}
		return writeNew(filepath.Join(i.Control(), strings.TrimPrefix(e.Name, backup.Control)), 0o600, r)
	})
	if err == nil {
		err = i.HandOver()
	}
	return err
}

// modeOfTLS lets everybody read certificates and nobody keys.
func modeOfTLS(name string) os.FileMode {
	if strings.HasSuffix(name, ".pem") {
		return 0o644
	}
	return 0o600
}

func writeNew(path string, mode os.FileMode, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, struct{ io.Reader }{r})
	return errors.Join(err, f.Chmod(mode), f.Close())
}

// blameRestore gives an error of writing its kind.
func blameRestore(err error) error {
	known, ok := errors.AsType[*glovebox.Error](err)
	if full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT); ok && (!full || known.Hint != "") {
		return err
	} else if full {
		return glovebox.Errorf(glovebox.KindUnavailable, "%w", err).On("--data").Try("free some space there, or name another folder")
	}
	return glovebox.Errorf(glovebox.KindUnavailable, "write the instance: %w", err).On("--data")
}
