// Package task serves containerd's task API for all sandboxes of a node.
//
// containerd usually starts a shim a container. Here it is told to use this
// one: the client puts a sandbox record into containerd's store, makes each
// container with that sandbox's id, and each task with this service's address
// as its task API endpoint; containerd then connects instead of executing.
package task

import (
	"context"
	"fmt"
	"sync"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"
	"github.com/containerd/ttrpc"

	"glovebox/shim/sandbox"
)

// Service implements the task API on a sandbox host.
type Service struct {
	host *sandbox.Host

	mu        sync.Mutex
	sandboxes map[key]*sandbox.Sandbox // nil while one is being made
	draining  bool
}

type key struct{ namespace, id string }

var _ api.TTRPCTaskService = (*Service)(nil)

// New returns a service without sandboxes.
func New(host *sandbox.Host) *Service {
	return &Service{host: host, sandboxes: map[key]*sandbox.Sandbox{}}
}

// Drain refuses new sandboxes from now on.
func (s *Service) Drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
}

// namespaceHeader is how containerd names its namespace over ttrpc.
const namespaceHeader = "containerd-namespace-ttrpc"

func keyFor(ctx context.Context, id string) (key, error) {
	md, _ := ttrpc.GetMetadata(ctx)
	ns, ok := md.Get(namespaceHeader)
	if !ok || len(ns) != 1 || ns[0] == "" {
		return key{}, fmt.Errorf("the request names no namespace: %w", errdefs.ErrInvalidArgument)
	}
	return key{ns[0], id}, nil
}

// find returns the sandbox a request is about. Execs do not exist here.
func (s *Service) find(ctx context.Context, id, execID string) (*sandbox.Sandbox, error) {
	k, err := keyFor(ctx, id)
	if err != nil {
		return nil, err
	}
	if execID != "" {
		return nil, fmt.Errorf("process %q of %s: %w", execID, id, errdefs.ErrNotFound)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sb := s.sandboxes[k]; sb != nil {
		return sb, nil
	}
	return nil, fmt.Errorf("sandbox %s: %w", id, errdefs.ErrNotFound)
}

// reserve takes an id for a sandbox that is about to be made.
func (s *Service) reserve(k key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return fmt.Errorf("the shim is stopping: %w", errdefs.ErrUnavailable)
	}
	if _, taken := s.sandboxes[k]; taken {
		return fmt.Errorf("sandbox %s: %w", k.id, errdefs.ErrAlreadyExists)
	}
	s.sandboxes[k] = nil
	return nil
}

// settle fills a reserved id, or frees it if no sandbox came to be.
func (s *Service) settle(k key, sb *sandbox.Sandbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sb == nil {
		delete(s.sandboxes, k)
	} else {
		s.sandboxes[k] = sb
	}
}

// forget frees the id of a deleted sandbox, unless a concurrent Delete was
// first and the id has a new owner already.
func (s *Service) forget(sb *sandbox.Sandbox) {
	k := key{sb.Namespace, sb.ID}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sandboxes[k] == sb {
		delete(s.sandboxes, k)
	}
}
