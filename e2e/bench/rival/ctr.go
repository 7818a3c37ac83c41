package rival

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"glovebox"
	"glovebox/e2e/bench/contest"
)

// ctr is containerd's own command line, with runc, against a containerd that
// has nothing else to do.
func (g *Ground) ctr(img Image) (*contest.Contestant, error) {
	if _, err := exec.LookPath("runc"); err != nil {
		return skipped("ctr", img, "there is no runc (Debian: runc)"), nil
	}
	if err := g.containerd(); err != nil {
		return nil, err
	}
	base := []string{"--address", g.socket(), "--namespace", g.prefix}
	program := filepath.Join(g.bin, "ctr")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, program, append(base, "images", "import", img.Archive)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("ctr images import: %w: %s", err, out)
	}
	d := glovebox.DefaultLimits()
	flags := []string{"run", "--rm", "--read-only", "--memory-limit", strconv.FormatInt(d.Memory, 10), "--cpus", strconv.FormatFloat(d.CPUs, 'g', -1, 64)}
	args := append(append(append([]string{}, base...), flags...), "--runc-root", filepath.Join(g.dir, "ctr-runc"), img.Ref)
	return &contest.Contestant{
		Key: key("ctr", img), What: "`ctr run` with runc, " + img.Name,
		Command: show("ctr", flags, "IMAGE ID "+quote(img.Args), img) + ", containerd of its own, overlayfs",
		Run: func(ctx context.Context, _ int) (contest.Taken, error) {
			return measure(command(ctx, program, append(append(append([]string{}, args...), g.id()), img.Args...)...), img.Want)
		},
	}, nil
}

func (g *Ground) socket() string { return filepath.Join(g.dir, "c.sock") }

// containerd starts one, unless it runs, and waits until it answers.
func (g *Ground) containerd() error {
	if _, err := os.Stat(g.socket()); err == nil {
		return nil
	}
	config := fmt.Sprintf("version = 3\nroot = %q\nstate = %q\ndisabled_plugins = [%q, %q, %q, %q, %q]\n[grpc]\naddress = %q\n[ttrpc]\naddress = %q\n",
		filepath.Join(g.dir, "c-root"), filepath.Join(g.dir, "c-state"),
		"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri",
		"io.containerd.snapshotter.v1.blockfile", "io.containerd.nri.v1.nri", g.socket(), g.socket()+".ttrpc")
	path := filepath.Join(g.dir, "containerd.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(g.dir, "containerd.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(g.bin, "containerd"), "--config", path)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "PATH="+g.bin+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	g.close = append(g.close, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if exec.Command(filepath.Join(g.bin, "ctr"), "--address", g.socket(), "version").Run() == nil {
			return nil
		}
	}
	data, _ := os.ReadFile(log.Name())
	return fmt.Errorf("containerd does not answer: %s", data[max(0, len(data)-1000):])
}
