package containerdtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/pkg/cio"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox/shim/shimtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	shimtest.RemovePrograms()
	os.Exit(code)
}

var nextID atomic.Int64

// job is a container with its task and output.
type job struct {
	container client.Container
	task      client.Task
	stdout    bytes.Buffer
	stderr    bytes.Buffer
}

func (c *Containerd) newJob(t testing.TB, args ...string) *job {
	t.Helper()
	id := fmt.Sprintf("ctd%d", nextID.Add(1))
	j := &job{}
	var err error
	j.container, err = c.Client.NewContainer(c.Ctx, id,
		client.WithRuntime(c.runtime(), nil),
		client.WithSandbox(groupID),
		client.WithSpec(&oci.Spec{}, c.spec(t, id, args)),
	)
	if err != nil {
		t.Fatalf("NewContainer: %v", err)
	}
	return j
}

func (c *Containerd) newTask(t testing.TB, j *job) {
	t.Helper()
	c.newTaskTo(t, j, &j.stdout)
}

func (c *Containerd) newTaskTo(t testing.TB, j *job, stdout io.Writer) {
	t.Helper()
	var err error
	j.task, err = j.container.NewTask(c.Ctx,
		cio.NewCreator(cio.WithStreams(nil, stdout, &j.stderr), cio.WithFIFODir(filepath.Join(c.Shim.Dir, "fifo"))),
		client.WithTaskAPIEndpoint("ttrpc+unix://"+c.Shim.Socket, 3))
	if err != nil {
		t.Fatalf("NewTask: %v\n%s", err, c.Log())
	}
}

func (c *Containerd) spec(t testing.TB, id string, args []string) oci.SpecOpts {
	t.Helper()
	image := c.Shim.Image(t, id)
	return func(_ context.Context, _ oci.Client, _ *containers.Container, s *oci.Spec) error {
		*s = specs.Spec{
			Version:     specs.Version,
			Process:     &specs.Process{Args: args, Cwd: "/", Env: []string{"PATH=/bin"}, NoNewPrivileges: true, Capabilities: &specs.LinuxCapabilities{}},
			Root:        &specs.Root{Path: c.Shim.Rootfs, Readonly: true},
			Hostname:    "sandbox",
			Annotations: map[string]string{"dev.glovebox.rootfs": image},
			Mounts:      []specs.Mount{{Destination: "/proc", Type: "proc", Source: "proc"}},
			Linux: &specs.Linux{
				CgroupsPath: c.Shim.CgroupPath(id),
				Namespaces: []specs.LinuxNamespace{
					{Type: specs.PIDNamespace}, {Type: specs.NetworkNamespace}, {Type: specs.IPCNamespace},
					{Type: specs.UTSNamespace}, {Type: specs.MountNamespace},
				},
			},
		}
		return nil
	}
}

func (c *Containerd) wait(t testing.TB, j *job) <-chan client.ExitStatus {
	t.Helper()
	exited, err := j.task.Wait(c.Ctx)
	if err != nil {
		t.Fatalf("Wait: %v", err)
	}
	return exited
}

func (c *Containerd) finish(t testing.TB, j *job, exited <-chan client.ExitStatus) uint32 {
	t.Helper()
	status := <-exited
	if err := status.Error(); err != nil {
		t.Fatalf("exit: %v", err)
	}
	deleted, err := j.task.Delete(c.Ctx)
	if err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if deleted.ExitCode() != status.ExitCode() {
		t.Errorf("Delete reports status %d, Wait %d", deleted.ExitCode(), status.ExitCode())
	}
	if err := j.container.Delete(c.Ctx); err != nil {
		t.Fatalf("container.Delete: %v", err)
	}
	return status.ExitCode()
}
