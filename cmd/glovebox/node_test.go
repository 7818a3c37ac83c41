package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
	"glovebox/api/apitest"
	"glovebox/output"
	"glovebox/receipt"
)

func eventually(ok func() bool) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return false
}

// node runs jobs as processes, which is what a CLI cannot tell from sandboxes.
type node struct {
	t      testing.TB
	server *apitest.Server
	ctx    context.Context
	cancel func()
	wg     sync.WaitGroup

	insides sync.Map // by job

	receipts []receipt.Desk // none or one
}

var operator = glovebox.Principal{Kind: glovebox.PrincipalOperator, Name: "uid:0", Tenant: glovebox.LocalTenant}

func startNode(t testing.TB, server *apitest.Server, receipts ...receipt.Desk) *node {
	n := &node{t: t, server: server, receipts: receipts}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.wg.Go(func() {
		seen := map[string]bool{}
		for n.ctx.Err() == nil {
			page, err := server.Service.List(n.ctx, operator, glovebox.JobFilter{Tenant: glovebox.LocalTenant, Limit: 1000})
			if err != nil {
				t.Error(err)
				return
			}
			for _, j := range page.Jobs {
				if !seen[j.ID] {
					seen[j.ID] = true
					n.wg.Go(func() { n.run(j) })
				}
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	return n
}

func (n *node) stop() { n.cancel(); n.wg.Wait() }

// inside makes a folder that is what a sandbox's root is: the job's files are in
// it, and what is in its folder out is left.
func (n *node) inside(j glovebox.Job) (string, error) {
	dir := filepath.Join(n.t.TempDir(), j.ID)
	err := os.MkdirAll(filepath.Join(dir, glovebox.OutDir), 0o755)
	for _, f := range j.Spec.Files {
		content, ok := n.server.Files.Content(j.Tenant, f.Digest)
		if !ok {
			return "", glovebox.Errorf(glovebox.KindInvalid, "no such file")
		}
		at := filepath.Join(dir, f.Path)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, content, os.FileMode(f.Mode)))
	}
	n.insides.Store(j.ID, dir)
	return dir, err
}

// leave hands over what a job has left, as a node does.
func (n *node) leave(id string) {
	dir, ok := n.insides.Load(id)
	if !ok {
		return
	}
	root := filepath.Join(dir.(string), glovebox.OutDir)
	var files []apitest.Left
	leftOut := 0
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		info, _ := d.Info()
		switch {
		case name == ".":
		case d.IsDir():
			files = append(files, apitest.Left{Path: name + "/", Mode: 0o755})
		case d.Type().IsRegular():
			content, _ := os.ReadFile(path)
			files = append(files, apitest.Left{Path: name, Content: content, Mode: uint32(info.Mode().Perm())})
		default:
			leftOut++
		}
		return nil
	})
	if err := n.server.Leave(id, files, func(a *glovebox.Artifacts) { a.LeftOut = leftOut }); err != nil {
		n.t.Error(err)
	}
}

func (n *node) run(j glovebox.Job) {
	if j.Spec.Image == "missing" {
		n.end(j.ID, func(j *glovebox.Job) {
			j.Outcome, j.Reason = glovebox.StatusFailed, glovebox.ReasonImageUnavailable
			j.Fault = glovebox.Errorf(glovebox.KindImageUnknown, "there is no image \x1b[31mmissing").Try("import it first")
		})
		return
	}
	n.server.Place(j.ID)
	ctx, cancel := context.WithTimeoutCause(n.ctx, time.Duration(j.Spec.Timeout), glovebox.Errorf(glovebox.KindTimeout, "ran for %s", time.Duration(j.Spec.Timeout)))
	defer cancel()
	var cancelled atomic.Bool
	go func() {
		for v := int64(0); ; {
			now, err := n.server.Service.Watch(ctx, operator, j.ID, v)
			if err != nil {
				return
			}
			if v = now.Version; now.Cancel != nil {
				cancelled.Store(true)
				cancel()
				return
			}
		}
	}()
	err := n.execute(ctx, j)
	n.leave(j.ID)
	n.end(j.ID, func(j *glovebox.Job) {
		var exit *exec.ExitError
		switch {
		case glovebox.KindOf(context.Cause(ctx)) == glovebox.KindTimeout:
			j.Outcome, j.Reason, j.Fault = glovebox.StatusFailed, glovebox.ReasonTimeout, glovebox.AsError(context.Cause(ctx))
		case cancelled.Load():
			j.Outcome = glovebox.StatusCancelled
		case errors.As(err, &exit):
			j.Outcome, j.Result = glovebox.StatusCompleted, &glovebox.Result{ExitCode: exit.ExitCode()}
		case err != nil:
			j.Outcome, j.Reason, j.Fault = glovebox.StatusFailed, glovebox.ReasonStartFailed, glovebox.Errorf(glovebox.KindNoExecutable, "%w", err)
		default:
			j.Outcome, j.Result = glovebox.StatusCompleted, &glovebox.Result{}
		}
	})
}

func (n *node) execute(ctx context.Context, j glovebox.Job) error {
	args := slices.Concat(j.Spec.Entrypoint, j.Spec.Cmd)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Env = []string{"PATH=" + glovebox.DefaultPath}
	for k, v := range j.Spec.Env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	inside, err := n.inside(j)
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, "INSIDE="+inside)
	if !j.Spec.StdinStream {
		cmd.Stdin = bytes.NewReader(j.Spec.Stdin)
	} else {
		in, err := n.server.Logs.Follow(ctx, j.ID, 0, output.Stdin, 0, true)
		if err != nil {
			return err
		}
		defer in.Close()
		// By hand, for with cmd.Stdin Run would wait for the end of the input.
		pipe, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(pipe, in)
			pipe.Close()
		}()
	}
	cmd.Stdout, cmd.Stderr = n.writer(j.ID, output.Stdout), n.writer(j.ID, output.Stderr)
	return cmd.Run()
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (n *node) writer(id string, s output.Stream) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		n.server.Write(n.t, id, s, p)
		return len(p), nil
	})
}

// end seals the output and then says how the job ended.
func (n *node) end(id string, change func(*glovebox.Job)) {
	ctx := context.Background()
	job, err := n.server.Service.Job(ctx, operator, id)
	if err != nil {
		n.t.Error(err)
		return
	}
	if err := n.server.Logs.Seal(ctx, id, max(job.Attempt, 1)); err != nil {
		n.t.Error(err)
	}
	sizes, err := n.server.Logs.Sizes(ctx, id, max(job.Attempt, 1))
	if err != nil {
		n.t.Error(err)
	}
	n.server.Service.Update(id, func(j *glovebox.Job) {
		change(j)
		j.Status, j.EndedAt = j.Outcome, time.Now().UTC()
		j.Output = glovebox.Output{Stdout: sizes.Stdout.Bytes, Stderr: sizes.Stderr.Bytes, Sealed: true}
	})
	if job.Spec.Image == receiptedImage {
		n.archive(id)
	}
}
