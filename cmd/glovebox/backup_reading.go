package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"glovebox"
	"glovebox/internal/instance"
)

// reading is a process of control's user that reads what control has written:
// root does not parse that, nor follow its links.
type reading struct {
	cmd    *exec.Cmd
	out    io.Closer
	tar    *tar.Reader
	errs   bytes.Buffer
	schema int
	taken  time.Time
	ended  bool
}

// fileHead is the name of the first file that it sends.
const fileHead = "head.json"

// readHead is what that says.
type readHead struct {
	Schema int       `json:"schema"`
	Taken  time.Time `json:"taken"`
}

// asControl prepares a command of this program as control's user.
func asControl(ctx context.Context, l instance.Layout, uid int, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", append(args, "--data", l.Dir)...)
	cmd.Args[0] = "glovebox"
	cmd.Env = []string{"PATH=" + glovebox.DefaultPath, "HOME=" + l.Control(), "TMPDIR=" + l.Tmp()}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}, Pdeathsig: syscall.SIGTERM, Setpgid: true,
	}
	// It has a copy of the store to remove.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// startReading starts it and reads what it has to say first; the store is copied
// then.
func startReading(ctx context.Context, l instance.Layout, record instance.Record) (*reading, error) {
	r := &reading{cmd: asControl(ctx, l, record.ControlUID, "backup-read")}
	r.cmd.Stderr = &r.errs
	out, err := r.cmd.StdoutPipe()
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "start reading as control's user: %w", err)
	}
	r.out, r.tar = out, tar.NewReader(out)
	h, err := r.tar.Next()
	if err != nil {
		err = r.failed(err)
		r.stop()
		return nil, err
	}
	var head readHead
	data, err := io.ReadAll(io.LimitReader(r.tar, 1<<10))
	if err == nil {
		err = json.Unmarshal(data, &head)
	}
	if err != nil || h.Name != fileHead {
		r.stop()
		return nil, glovebox.Errorf(glovebox.KindInternal, "control's user does not say what it reads: %w", err)
	}
	r.schema, r.taken = head.Schema, head.Taken
	return r, nil
}

// failed is why reading ended too soon: what the process says, if it says
// anything.
func (r *reading) failed(err error) error {
	if e, known := errors.AsType[*glovebox.Error](err); known {
		return e
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if said := r.wait(); said != nil {
		return said
	}
	return glovebox.Errorf(glovebox.KindInternal, "control's user ended in the middle of reading: %w", err)
}

// wait waits for the end of the process and returns its error.
func (r *reading) wait() error {
	if r.ended {
		return nil
	}
	r.ended = true
	return childError(r.cmd.Wait(), r.errs.String(), "read what control keeps")
}

// stop ends it.
func (r *reading) stop() {
	if r.ended {
		return
	}
	r.ended = true
	_ = r.out.Close() // or it would wait for somebody to read
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	_ = r.cmd.Wait() // it was told to
}

// childError makes one error of how a process of ours ended and what it said,
// which is a JSON document of the kind that `report` writes, or text.
func childError(err error, said, doing string) error {
	if err == nil {
		return nil
	}
	var e glovebox.Error
	if line := strings.TrimSpace(said); json.Unmarshal([]byte(line), &e) == nil && e.Kind != "" {
		return &e
	} else if line != "" {
		return glovebox.Errorf(glovebox.KindInternal, "%s: %w: %s", doing, err, line)
	}
	return glovebox.Errorf(glovebox.KindInternal, "%s: %w", doing, err)
}
