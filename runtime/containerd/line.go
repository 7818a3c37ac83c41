package containerd

import (
	"context"
	"net"
	"sync"

	task "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"glovebox"
)

// line is a connection straight to the gVisor shim, past containerd, which
// costs a millisecond a call. One is kept for all calls; it breaks when the
// shim dies, and another one is made for the next call.
type line struct {
	task.TTRPCTaskService
	client *ttrpc.Client
}

// lines holds the one that is kept.
type lines struct {
	mu     sync.Mutex
	kept   *line
	closed bool
}

// shim returns the line to the gVisor shim. KindUnavailable if there is none to
// be had: nobody was asked for anything then.
func (r *Runtime) shim(ctx context.Context) (*line, error) {
	r.lines.mu.Lock()
	defer r.lines.mu.Unlock()
	if r.lines.kept != nil {
		return r.lines.kept, nil
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", r.config.ShimSocket)
	if err != nil || r.lines.closed {
		if err == nil {
			conn.Close()
			err = net.ErrClosed
		}
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "the shim does not listen: %w", err).
			Try("try again: it is started again at once")
	}
	l := &line{}
	l.client = ttrpc.NewClient(conn, ttrpc.WithOnClose(func() { r.lines.drop(l) }))
	l.TTRPCTaskService = task.NewTTRPCTaskClient(l.client)
	r.lines.kept = l
	return l, nil
}

// drop lets go of a line that broke.
func (s *lines) drop(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == l {
		s.kept = nil
	}
}

// close ends the line for good.
func (s *lines) close() {
	s.mu.Lock()
	l := s.kept
	s.kept, s.closed = nil, true
	s.mu.Unlock()
	if l != nil {
		l.client.Close()
	}
}

// spoken adds the namespace to what is said on a line.
func (r *Runtime) spoken(ctx context.Context) context.Context {
	return namespaces.WithNamespace(ctx, r.config.Namespace)
}

// holds says whether the shim at the other end has lived through whatever was
// asked there before: a connection goes to one process, so if that answers it
// is the one that was asked. See lives.
func (r *Runtime) holds(ctx context.Context, l *line) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), proofTime)
	defer cancel()
	_, err := l.State(r.spoken(ctx), &task.StateRequest{ID: noTask})
	return status.Code(err) == codes.NotFound
}
