package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"glovebox"
	"glovebox/internal/nodev1"
)

// stdin changes a job's input in control.
func (r *rig) stdin(id string, f func(in *input)) {
	r.control.change(func() {
		if r.control.stdin[id] == nil {
			r.control.stdin[id] = &input{}
		}
		f(r.control.stdin[id])
	})
}

// echo copies stdin to stdout.
func echo(p *proc) int {
	if _, err := io.Copy(p.Out, p.In); err != nil {
		return 1
	}
	return 0
}

func TestStdin(t *testing.T) {
	for name, cut := range map[string]int64{"in one call": 0, "in many": 300_000} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.start()
			want := noise(8, 5<<20)
			id := r.job(echo, withStdin, outputCap(16<<20))
			r.stdin(id, func(in *input) { in.data, in.ended, in.cut = want, true, cut })
			if e := r.exited(id).GetExit(); e.GetCode() != 0 || e.GetFault() != nil {
				t.Errorf("exit %v", e)
			}
			out, _ := r.shipped(id, int64(len(want)))
			if sha256.Sum256([]byte(out)) != sha256.Sum256(want) {
				t.Error("input differs")
			}
			r.finished(id)
		})
	}
}

func TestStdinComesLater(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(echo, withStdin)
	r.stdin(id, func(in *input) { in.data = []byte("one ") })
	r.shipped(id, 4)
	r.stdin(id, func(in *input) { in.data = []byte("one two"); in.ended = true })
	if out, _ := r.shipped(id, 7); out != "one two" {
		t.Errorf("output %q", out)
	}
	r.exited(id)
	r.finished(id)
}

func TestStdinNeverRead(t *testing.T) {
	for name, command := range map[string]func(*proc) int{
		"ends":   func(*proc) int { return 7 },
		"closes": func(p *proc) int { p.In.Close(); return 7 },
		"stays":  stay,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.start()
			id := r.job(command, withStdin)
			r.stdin(id, func(in *input) { in.data, in.ended = noise(9, 8<<20), true })
			if name == "stays" {
				r.phase(id, nodev1.Phase_PHASE_RUNNING)
			} else if e := r.exited(id).GetExit(); e.GetCode() != 7 || e.GetFault() != nil {
				t.Errorf("exit %v", e)
			}
			r.finished(id)
		})
	}
}

// TestStdinOverRestart: with unread input in the pipe the command cannot have
// seen an end, and goes on with the right byte.
func TestStdinOverRestart(t *testing.T) {
	r := newRig(t)
	r.start()
	want := noise(10, 3<<20)
	read := make(chan struct{})
	id := r.job(func(p *proc) int { <-read; return echo(p) }, withStdin, outputCap(16<<20))
	r.stdin(id, func(in *input) { in.data, in.ended = want, true })
	eventually(t, "pipe full", func() bool {
		b, _ := os.ReadFile(filepath.Join(r.dir, dirSandboxes, id, fileStdinAt))
		return len(b) == 8 && (b[0] != 0 || b[1] != 0 || b[2] != 0)
	})
	r.restart()
	r.called()
	eventually(t, "fed again", func() bool {
		r.control.mu.Lock()
		defer r.control.mu.Unlock()
		return len(r.control.stdinAt) == 2 && r.control.stdinAt[1] > 0
	})
	close(read)
	if e := r.exited(id).GetExit(); e.GetFault() != nil {
		t.Errorf("exit %v", e)
	}
	if out, _ := r.shipped(id, int64(len(want))); !bytes.Equal([]byte(out), want) {
		t.Error("input differs")
	}
	r.finished(id)
}

// TestStdinDoubtful: the command had read everything when the agent died, and
// may have taken that for the end.
func TestStdinDoubtful(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(func(p *proc) int { echo(p); return stay(p) }, withStdin)
	r.stdin(id, func(in *input) { in.data = []byte("one ") })
	r.shipped(id, 4)
	r.restart()
	if f := r.exited(id).GetExit().GetFault(); f.GetKind() != "node_lost" {
		t.Errorf("fault %v", f)
	}
	r.finished(id)
}

// holdingNode is a runtime that keeps stdin open itself.
type holdingNode struct {
	*testNode
	mu   sync.Mutex
	held map[string]*os.File
}

func (n *holdingNode) Create(ctx context.Context, s glovebox.SandboxSpec) error {
	if err := n.testNode.Create(ctx, s); err != nil {
		return err
	}
	f, err := os.OpenFile(s.Stdio.Stdin, os.O_RDWR, 0)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held[s.ID] = f
	return err
}

func (n *holdingNode) CloseStdin(_ context.Context, id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held[id].Close()
	return nil
}

func TestStdinHeldByRuntime(t *testing.T) {
	r := newRig(t)
	r.runtime = &holdingNode{testNode: r.node, held: map[string]*os.File{}}
	r.start()
	id := r.job(echo, withStdin)
	r.stdin(id, func(in *input) { in.data = []byte("one ") })
	r.shipped(id, 4)
	r.restart()
	r.stdin(id, func(in *input) { in.data, in.ended = []byte("one two"), true })
	if e := r.exited(id).GetExit(); e.GetFault() != nil || e.GetCode() != 0 {
		t.Errorf("exit %v", e)
	}
	if out, _ := r.shipped(id, 7); out != "one two" {
		t.Errorf("output %q", out)
	}
	r.finished(id)
}
