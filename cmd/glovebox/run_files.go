package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"glovebox"
	"glovebox/client"
)

// fileFlags are about files that go into a sandbox and come out of it.
type fileFlags struct {
	files     []string
	limit     size
	out       string
	overwrite bool
}

func (f *fileFlags) define(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.files, "file", nil, "LOCAL:REMOTE, a file of this machine for the job to read at an absolute path; may be repeated")
	fs.StringVarP(&f.out, "out", "o", "", "folder for the files that the job leaves under /out; new or empty")
	fs.BoolVar(&f.overwrite, "overwrite", false, "write into --out though there is something in it")
	fs.Var(&f.limit, "artifacts-limit", "what is kept of /out, such as 1g (default 64m)")
}

// check refuses what cannot be meant.
func (f *fileFlags) check(detach bool) error {
	switch {
	case f.out != "" && detach:
		return glovebox.Errorf(glovebox.KindUsage, "with --detach nobody waits for what the job leaves").
			Try("leave out --out, and get it later: glovebox artifacts get JOB --out DIR")
	case f.out == "" && f.overwrite:
		return glovebox.Errorf(glovebox.KindUsage, "--overwrite is about --out").Try("name a folder with --out")
	}
	return nil
}

// handed is a file of this machine that a job is to have.
type handed struct {
	content []byte
	file    glovebox.InputFile
}

// localFiles reads what --file names. All of it is in memory: it is little.
func localFiles(flags []string) ([]handed, error) {
	var all []handed
	total := int64(0)
	for _, text := range flags {
		at := strings.LastIndex(text, ":/")
		if at < 1 {
			return nil, glovebox.Errorf(glovebox.KindUsage, "%q is not LOCAL:REMOTE", text).On("--file").
				Try("write it like data.csv:/data/data.csv; the second path is absolute")
		}
		l, err := readLocal(text[:at], path.Clean(text[at+1:]))
		if err != nil {
			return nil, err
		}
		if total += l.file.Size; total > glovebox.MaxInputFileBytes {
			return nil, tooMuch(text[:at])
		}
		all = append(all, l)
	}
	return all, nil
}

func readLocal(name, remote string) (handed, error) {
	wrong := func(err error) (handed, error) {
		return handed{}, glovebox.Errorf(glovebox.KindInvalid, "read %s: %w", name, err).On("--file").Try("name a file of this machine")
	}
	f, err := os.Open(name)
	if err != nil {
		return wrong(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return wrong(err)
	}
	if !st.Mode().IsRegular() {
		return wrong(errors.New("it is not a regular file"))
	}
	content, err := io.ReadAll(io.LimitReader(f, glovebox.MaxInputFileBytes+1))
	if err != nil {
		return wrong(err)
	}
	if len(content) > glovebox.MaxInputFileBytes {
		return handed{}, tooMuch(name)
	}
	sum := newChecksum()
	_, _ = sum.Write(content) // never fails
	mode := uint32(0o444)
	if st.Mode()&0o111 != 0 {
		mode = 0o555
	}
	return handed{content, glovebox.InputFile{Path: remote, Digest: sum.digest(), Size: int64(len(content)), Mode: mode}}, nil
}

func tooMuch(name string) error {
	return glovebox.Errorf(glovebox.KindTooLarge, "with %s the files have more than %s", name, humanSize(glovebox.MaxInputFileBytes)).On("--file").
		Try("pass larger data on stdin, or put it into the image")
}

// soon is how much longer the server must keep a file for an upload to be saved.
const soon = 10 * time.Minute

// sendFiles uploads what the server does not have, and names it in the spec.
func sendFiles(ctx context.Context, c *client.Client, all []handed, spec *glovebox.Spec) error {
	done := map[string]bool{}
	for _, l := range all {
		spec.Files = append(spec.Files, l.file)
		if done[l.file.Digest] {
			continue
		}
		done[l.file.Digest] = true
		f, err := c.File(ctx, l.file.Digest)
		if err == nil && time.Until(f.Until) > soon {
			continue
		}
		if err != nil && glovebox.KindOf(err) != glovebox.KindNotFound {
			return err
		}
		if f, err = c.Upload(ctx, l.content); err != nil {
			return err
		}
		if f.Digest != l.file.Digest {
			return glovebox.Errorf(glovebox.KindInternal, "the server has got other bytes for %s", l.file.Path).Try("try again")
		}
	}
	return nil
}

// brings writes what the job has left into a folder, if that was asked for, and
// returns the job as it is then.
func (r running) brings(ctx context.Context, job client.Job, o *out) (client.Job, error) {
	if o == nil {
		return job, nil
	}
	all, sealed, err := artifactsOf(ctx, r.client, r.id)
	if err != nil {
		return job, gaveUp(err, r.id)
	}
	o.stage = stagePrefix + r.id
	return sealed, r.bring(ctx, r.client, sealed, all, o)
}
