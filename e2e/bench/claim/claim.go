// Package claim measures a node's runtime without the service around it: the
// benchmark of package runtime/containerd runs as a process that is told which
// job to run next.
package claim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"glovebox"
	"glovebox/e2e/bench/contest"
	"glovebox/e2e/bench/host"
	"glovebox/e2e/bench/rival"
	"glovebox/e2e/bench/sample"
	"glovebox/runtime/runtimetest"
)

// Node is the benchmark, running.
type Node struct {
	Teardown map[string]*sample.Series // of each kind: from a job's end until nothing is left

	dir string
	cmd *exec.Cmd
	log *os.File
	in  *os.File
	out *json.Decoder

	mu  sync.Mutex // one claim at a time
	raw *os.File
}

// Start runs program, a compiled test of package runtime/containerd, with the
// built programs in bin. It keeps its things in dir, which Close removes.
func Start(program, bin, dir string, images []rival.Image) (*Node, error) {
	n := &Node{Teardown: map[string]*sample.Series{}, dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, img := range images {
		if err := write(dir, img); err != nil {
			return nil, err
		}
	}
	requests, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer requests.Close()
	raw, answers, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	defer answers.Close()
	n.in, n.raw, n.out = in, raw, json.NewDecoder(raw)
	if n.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		return nil, errors.Join(err, in.Close(), raw.Close())
	}
	n.cmd = exec.Command(program, "-test.run", "^$", "-test.bench", "^BenchmarkClaims$", "-test.benchtime", "1x", "-test.timeout", "2h")
	n.cmd.Dir, n.cmd.Stdout, n.cmd.Stderr = dir, n.log, n.log
	n.cmd.Env = append(os.Environ(), "GLOVEBOX_CLAIMS="+dir, "GLOVEBOX_BIN="+bin, "TMPDIR="+dir)
	n.cmd.ExtraFiles = []*os.File{requests, answers}
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a ^C is for whom we tell
	if err := n.cmd.Start(); err != nil {
		return nil, errors.Join(err, in.Close(), raw.Close())
	}
	return n, nil
}

// Close ends the benchmark, which cleans up after itself, and removes what is
// left all the same. It is an error if the benchmark failed.
func (n *Node) Close() error {
	_ = n.in.Close() // there are no more claims
	late := time.AfterFunc(time.Minute, func() { _ = n.cmd.Process.Kill() })
	err := n.cmd.Wait()
	late.Stop()
	if err != nil {
		data, _ := os.ReadFile(n.log.Name())
		err = fmt.Errorf("the benchmark of the runtime: %w: %s", err, data[max(0, len(data)-2000):])
	}
	err = errors.Join(err, n.raw.Close(), n.log.Close())
	nodes, _ := filepath.Glob(filepath.Join(n.dir, "gbrt*")) // there are some if it was killed
	for _, dir := range nodes {
		err = errors.Join(err, host.Sweep(dir, "glovebox/"+filepath.Base(dir)))
	}
	return errors.Join(err, host.Sweep(n.dir, filepath.Base(n.dir)))
}

// Contestant is a claim of a sandbox of one kind, with an image's job. One that
// cannot take part is skipped; it is an error if it should.
func (n *Node) Contestant(kind string, img rival.Image) (*contest.Contestant, error) {
	key := "claim_" + kind + "_" + img.Name
	c := &contest.Contestant{
		Key: key, What: "node alone: claim, " + kind + ", " + img.Name,
		Command: "runtime/containerd: Create, Start, Wait (" + strings.Join(img.Args, " ") + " in " + img.Name + ")",
	}
	if kind != runtimetest.ClaimCold {
		c.Command += ", with a sandbox that was parked before"
	}
	n.Teardown[key] = &sample.Series{}
	c.Run = func(ctx context.Context, _ int) (contest.Taken, error) {
		done, err := n.ask(ctx, runtimetest.Claim{Kind: kind, Image: img.Name})
		if err != nil {
			return contest.Taken{}, err
		}
		*n.Teardown[key] = append(*n.Teardown[key], done.Destroy)
		return contest.Taken{First: duration(done.First), Exit: duration(done.Exit), Warm: kind != runtimetest.ClaimCold}, nil
	}
	done, err := n.ask(context.Background(), runtimetest.Claim{Kind: kind, Image: img.Name})
	if c.Skipped = done.Skipped; err != nil {
		c.Skipped = err.Error()
	}
	return c, err
}

func duration(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// patience is how long an answer may take.
const patience = 3 * time.Minute

// ask has one job run.
func (n *Node) ask(_ context.Context, c runtimetest.Claim) (runtimetest.Claimed, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var done runtimetest.Claimed
	if err := json.NewEncoder(n.in).Encode(c); err != nil {
		return done, fmt.Errorf("the benchmark of the runtime has ended: %w", err)
	}
	_ = n.raw.SetReadDeadline(time.Now().Add(patience))
	if err := n.out.Decode(&done); err != nil {
		return done, fmt.Errorf("the benchmark of the runtime does not answer: %w", err)
	}
	if done.Error != "" {
		return done, errors.New(done.Error)
	}
	return done, nil
}

// Park has so many sandboxes of a kind be parked from now on. What it says
// instead of an error is why there is no such kind.
func (n *Node) Park(kind string, img rival.Image, count int) (skipped string, err error) {
	done, err := n.ask(context.Background(), runtimetest.Claim{Kind: kind, Image: img.Name, Park: &count})
	return done.Skipped, err
}

// Processes are those of the node and of all its sandboxes.
func (n *Node) Processes() []int { return host.Family(host.Processes(n.dir)) }

// write puts an image where the benchmark finds it.
func write(dir string, img rival.Image) error {
	manifest, err := img.Made.Manifest()
	if err != nil {
		return err
	}
	digest, err := img.Made.Digest()
	if err != nil {
		return err
	}
	config, err := img.Made.ConfigFile()
	if err != nil {
		return err
	}
	layers, err := img.Made.Layers()
	if err != nil {
		return err
	}
	c := runtimetest.ClaimImage{Args: img.Args, Env: []string{"PATH=" + img.Path}, Want: img.Want, Image: glovebox.Image{
		Tenant: glovebox.LocalTenant, Name: img.Ref, Digest: digest.String(), Platform: config.OS + "/" + config.Architecture,
		Source: "import", Created: time.Now(),
		Config: glovebox.Blob{Digest: manifest.Config.Digest.String(), Size: manifest.Config.Size, MediaType: string(manifest.Config.MediaType)},
	}}
	for i, l := range layers {
		m := manifest.Layers[i]
		c.Image.Layers = append(c.Image.Layers, glovebox.Layer{
			Blob:   glovebox.Blob{Digest: m.Digest.String(), Size: m.Size, MediaType: string(m.MediaType)},
			DiffID: config.RootFS.DiffIDs[i].String(),
		})
		c.Image.Size += m.Size
		blob, err := l.Compressed()
		if err != nil {
			return err
		}
		err = save(filepath.Join(dir, strings.ReplaceAll(m.Digest.String(), ":", "-")), blob)
		if err := errors.Join(err, blob.Close()); err != nil {
			return err
		}
	}
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, img.Name), data, 0o644)
}

func save(path string, from io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
