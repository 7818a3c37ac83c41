// Package containerdtest runs the shim under a real containerd, driven by
// containerd's own Go client: the way the product uses it.
package containerdtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/sandbox"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/errdefs"

	"glovebox/shim/shimtest"
)

// groupID names the sandbox record that stands for the grouped shim.
const groupID = "glovebox"

// Containerd is a private containerd beside a shim.
type Containerd struct {
	Shim   *shimtest.Shim
	Client *client.Client
	Ctx    context.Context

	dir     string
	program string
	cmd     *exec.Cmd
}

// StartContainerd starts both; they end with the test.
func StartContainerd(t testing.TB) *Containerd {
	t.Helper()
	shim := shimtest.StartShim(t)
	c := &Containerd{
		Shim: shim, dir: filepath.Join(shim.Dir, "c"), program: program(t),
		Ctx: namespaces.WithNamespace(context.Background(), shimtest.Namespace),
	}
	if err := os.MkdirAll(c.dir, 0o711); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("version = 3\nroot = %q\nstate = %q\ndisabled_plugins = [%q, %q, %q, %q, %q]\n[grpc]\naddress = %q\n[ttrpc]\naddress = %q\n",
		c.dir+"/root", c.dir+"/state",
		"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.blockfile", "io.containerd.nri.v1.nri",
		c.socket(), c.socket()+".ttrpc")
	if err := os.WriteFile(c.dir+"/config.toml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.stop(syscall.SIGTERM) })
	c.Start(t)
	return c
}

func (c *Containerd) socket() string { return filepath.Join(c.dir, "containerd.sock") }

// Start starts containerd; call it again after Kill.
func (c *Containerd) Start(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(c.dir+"/containerd.log", os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c.cmd = exec.Command(c.program, "--config", c.dir+"/config.toml")
	c.cmd.Stderr = log
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c.Client, err = client.New(c.socket(), client.WithTimeout(2*time.Second)); err == nil {
			if _, err = c.Client.Version(c.Ctx); err == nil {
				break
			}
			c.Client.Close()
		}
		if time.Now().After(end) {
			t.Fatalf("containerd does not answer: %v\n%s", err, c.Log())
		}
	}
	c.makeGroup(t)
}

// makeGroup puts the record into containerd's store that lets tasks be made at
// the shim's socket without executing a shim for each.
func (c *Containerd) makeGroup(t testing.TB) {
	t.Helper()
	_, err := c.Client.SandboxStore().Create(c.Ctx, sandbox.Sandbox{
		ID:      groupID,
		Runtime: sandbox.RuntimeOpts{Name: c.runtime()},
	})
	if err != nil && !errdefs.IsAlreadyExists(err) {
		t.Fatalf("sandbox record: %v", err)
	}
}

func (c *Containerd) runtime() string { return c.Shim.Program("containerd-shim-glovebox-v1") }

// Kill ends containerd the hard way.
func (c *Containerd) Kill() { c.stop(syscall.SIGKILL) }

func (c *Containerd) stop(sig syscall.Signal) {
	if c.cmd == nil {
		return
	}
	c.Client.Close()
	_ = c.cmd.Process.Signal(sig)
	_ = c.cmd.Wait()
	c.cmd = nil
}

// Log is what containerd has logged.
func (c *Containerd) Log() string {
	data, _ := os.ReadFile(c.dir + "/containerd.log")
	return string(data)
}
