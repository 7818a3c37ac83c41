package containerd

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/ttrpc"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"glovebox"
)

// proofTime bounds the question whether a process that a sandbox stands on is
// still the same.
const proofTime = 5 * time.Second

// noTask is the id of a task that cannot exist.
const noTask = "."

// lives are the processes that a sandbox stands on while it is made and
// started. When one of them dies its last words, and those of the other about
// it, can be anything: a sandbox that dies with its shim looks like one whose
// command was no good. So what went wrong is believed only if both have lived
// through it.
type lives struct{ daemon, shim life }

// life is one process; the zero one is nobody.
type life struct {
	pid   int
	began string // in the kernel's ticks
}

// lives tells who there is now.
func (r *Runtime) lives(runtime string) lives {
	l := lives{daemon: listener(r.config.Daemon.Address)}
	if runtime == glovebox.RuntimeGVisor {
		l.shim = listener(r.config.ShimSocket)
	}
	return l
}

// listener is the process that listens at a socket, from the kernel.
func listener(socket string) (l life) {
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return life{}
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return life{}
	}
	_ = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			l.pid = int(cred.Pid)
		}
	})
	l.began = began(l.pid)
	return l
}

// began is when a process was started; empty if there is none.
func began(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	const starttime = 22 - 3 // of the fields after the name, which may hold anything
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) <= starttime {
		return ""
	}
	return fields[starttime]
}

// livedOn says whether those who were there before are there still. Each has to
// answer first: of a process that is dying, the kernel still knows the sockets.
func (r *Runtime) livedOn(ctx context.Context, before lives, runtime string) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), proofTime)
	defer cancel()
	if _, err := r.client.Version(ctx); err != nil {
		return false
	}
	if runtime == glovebox.RuntimeGVisor && !r.shimAnswers(ctx) {
		return false
	}
	return before == r.lives(runtime) && before.daemon != life{} && (runtime != glovebox.RuntimeGVisor || before.shim != life{})
}

// shimAnswers asks the gVisor shim of a sandbox that cannot exist.
func (r *Runtime) shimAnswers(ctx context.Context) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", r.config.ShimSocket)
	if err != nil {
		return false
	}
	c := ttrpc.NewClient(conn)
	defer c.Close()
	_, err = task.NewTTRPCTaskClient(c).State(namespaces.WithNamespace(ctx, r.config.Namespace), &task.StateRequest{ID: noTask})
	return status.Code(err) == codes.NotFound
}
