package rival

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/host"
)

// Ground is where rivals run: a folder, and control groups, of its own.
type Ground struct {
	dir    string // a short path: sockets are in it
	bin    string // programs that the project builds
	prefix string // of every control group, and of every id

	serial atomic.Int64
	close  []func()
}

// NewGround makes rivals run below dir, whose last element must be unique on
// the machine.
func NewGround(dir, bin string) *Ground {
	return &Ground{dir: dir, bin: bin, prefix: filepath.Base(dir)}
}

// Close ends what runs and removes everything that rivals have made, dir too.
func (g *Ground) Close() error {
	for _, f := range g.close {
		f()
	}
	return host.Sweep(g.dir, g.prefix)
}

// id is one that no other container has or had.
func (g *Ground) id() string { return fmt.Sprintf("%s-j%d", g.prefix, g.serial.Add(1)) }

// Contestants are all rivals with the job of each image. What cannot run here
// is there, too, and skipped.
func (g *Ground) Contestants(images ...Image) ([]*contest.Contestant, error) {
	var all []*contest.Contestant
	for _, img := range images {
		for _, prepare := range []func(Image) (*contest.Contestant, error){g.runc, g.crun, g.runsc, g.bwrap, g.ctr} {
			c, err := prepare(img)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// measure starts a command and takes its times.
func measure(cmd *exec.Cmd, want string) (contest.Taken, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return contest.Taken{}, err
	}
	var said bytes.Buffer
	cmd.Stderr, cmd.WaitDelay = &said, 5*time.Second
	var taken contest.Taken
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return taken, err
	}
	got := make([]byte, 1, 64)
	_, err = io.ReadFull(out, got)
	taken.First = time.Since(began)
	rest, more := io.ReadAll(out)
	err = errors.Join(err, more, cmd.Wait())
	taken.Exit = time.Since(began)
	if got = append(got, rest...); err == nil && string(got) != want {
		err = fmt.Errorf("it printed %.100q", got)
	}
	if err != nil {
		return taken, fmt.Errorf("%s: %w: %.300s", filepath.Base(cmd.Path), err, said.String())
	}
	return taken, nil
}

// command is one that ends with ctx.
func command(ctx context.Context, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, program, args...)
}
