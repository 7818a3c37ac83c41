package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/internal/backup"
	"glovebox/internal/instance"
)

func (a *app) backupCommand() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use: "backup -o FILE|DIR", Short: "Write all that the server keeps to one file (on its machine, as root)", Args: takes(0, 0),
		Long: `Write all that the server of this machine keeps to one file: the store as it is at
one instant, outputs, images, the keys of secrets and the local authority. The
server goes on meanwhile, or is not up; both are fine. The file is there when it
is complete and on the disk, and not before. Its path is printed.

Who has the file and its key has every secret of the server, so it is encrypted:
to public keys of age (--recipient, as often as needed), whose private keys need
not be on this machine, or with a passphrase that is the first line of a file.
--plaintext leaves that to you.

In a folder the file gets a name of its own, with the id of the instance and the
time. "-" writes to stdout.`,
		Example: "  glovebox backup -o /var/backups --recipient age1…\n  glovebox backup -o - --recipient age1… | ssh elsewhere 'cat > glovebox.backup'",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.backup(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.out, "output", "o", "", "file that is made, or folder")
	fs.BoolVar(&f.json, "json", false, "print JSON")
	f.seal.define(fs)
	return cmd
}

type backupFlags struct {
	out  string
	json bool
	seal sealFlags
}

// backupResult is what `glovebox backup --json` prints.
type backupResult struct {
	Path    string    `json:"path"`
	Taken   time.Time `json:"taken"`
	Schema  int       `json:"schema"`
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"`   // of the files
	Written int64     `json:"written"` // of the archive
}

// backup does what needs root: it reads the authority's files, and writes the
// archive. All that control has written is read by control's own user.
func (a *app) backup(ctx context.Context, f backupFlags) error {
	if f.out == "" {
		return glovebox.Errorf(glovebox.KindUsage, "where should the backup go?").Try("give -o FILE, -o DIR or -o - for stdout")
	}
	to, err := f.seal.recipients()
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return glovebox.Errorf(glovebox.KindDenied, "only root can read all that the server keeps").Try("run it with sudo")
	}
	l, err := a.layout()
	if err != nil {
		return err
	}
	record, err := instance.Read(l)
	if err != nil {
		return err
	}
	stop := watchInterrupts(ctx)
	defer stop.stop()
	ctx = stop.first
	reading, err := startReading(ctx, l, record)
	if err != nil {
		return err
	}
	defer reading.stop()
	about := backup.About{Instance: record.ID, Version: buildName(), Schema: reading.schema, Taken: reading.taken}
	out, err := a.newArchive(f.out, about)
	if err != nil {
		return err
	}
	defer out.abort()
	bar := a.newProgress()
	defer bar.clear()
	w, err := backup.NewWriter(&countedWriter{Writer: out.file, n: &out.written}, to, about)
	if err != nil {
		return err
	}
	defer w.Abort()
	err = copyFiles(w, l, reading, func(n int64) { bar.show("backing up", n, 0) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return out.blame(err)
	}
	total, err := w.Close()
	if err == nil {
		err = out.finish()
	}
	if err != nil {
		return out.blame(err)
	}
	bar.clear()
	return a.printBackup(backupResult{out.path, about.Taken, about.Schema, total.Files, total.Bytes, out.written}, f)
}

func (a *app) printBackup(r backupResult, f backupFlags) error {
	if f.seal.plaintext {
		fmt.Fprintln(a.stderr, "glovebox: the backup is not encrypted: who can read it has every secret of this server")
	}
	if f.out == "-" {
		return nil // stdout was the archive's
	}
	if f.json {
		return printJSON(a.stdout, r)
	}
	fmt.Fprintf(a.stderr, "glovebox: %d files with %s, as of %s, in %s\n", r.Files, humanSize(r.Bytes), r.Taken.Local().Format(time.DateTime), humanSize(r.Written))
	_, err := fmt.Fprintln(a.stdout, r.Path)
	return err
}

// copyFiles adds the authority's files, then control's.
func copyFiles(w *backup.Writer, l instance.Layout, from *reading, tell func(int64)) error {
	entries, err := os.ReadDir(l.TLS())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return glovebox.Errorf(glovebox.KindInternal, "list the authority's files: %w", err)
	}
	for _, e := range entries {
		if backup.CheckName(backup.TLS+e.Name()) != nil || !e.Type().IsRegular() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(l.TLS(), e.Name()))
		if err != nil {
			return glovebox.Errorf(glovebox.KindInternal, "read the authority's files: %w", err)
		}
		if err := w.Add(backup.Entry{Name: backup.TLS + e.Name(), Size: int64(len(data))}, strings.NewReader(string(data))); err != nil {
			return err
		}
	}
	for done := int64(0); ; {
		h, err := from.tar.Next()
		if errors.Is(err, io.EOF) {
			return from.wait()
		}
		if err != nil {
			return from.failed(err)
		}
		if h.Typeflag != tar.TypeReg || strings.HasPrefix(h.Name, backup.TLS) {
			return glovebox.Errorf(glovebox.KindInternal, "control's user named %.100q for the backup", h.Name)
		}
		if err := w.Add(backup.Entry{Name: h.Name, Size: h.Size, Open: h.Mode&0o200 != 0}, from.tar); err != nil {
			return from.failed(err)
		}
		done += h.Size
		tell(done)
	}
}
