package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox/shim/cgroup"
	"glovebox/shim/stdio"
)

// Request asks for one sandbox.
type Request struct {
	Namespace, ID string
	// Bundle is an absolute directory with config.json: the job's
	// specification, or one with AnnotationPark.
	Bundle string
	Stdio  stdio.Paths
}

// Create makes a sandbox that is ready to Start, or to Claim if it is to be
// parked. What it made is removed again when it fails.
func (h *Host) Create(ctx context.Context, r Request) (_ *Sandbox, err error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	config, spec, err := readConfig(r.Bundle)
	if err != nil {
		return nil, err
	}
	s, err := h.plan(r, spec)
	if err != nil {
		return nil, err
	}
	// An id is free again once its sandbox is deleted, so anything found here
	// was left by an attempt that failed to clean up.
	if _, err := Cleanup(h.root, r.Namespace, r.ID); err != nil {
		return nil, fmt.Errorf("remove an earlier sandbox %s: %w", r.ID, err)
	}
	// Checked before the record says that it is ours to empty and remove.
	if s.group.Exists() {
		return nil, fmt.Errorf("control group %s: %w", s.group.Path, errdefs.ErrAlreadyExists)
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon())
		}
	}()
	if err := s.record.write(s.dir); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(r.Bundle, RootFile), []byte(h.root), 0o600); err != nil {
		return nil, err
	}
	limits := cgroup.FromSpec(spec.Linux.Resources)
	if s.parked && !runsAhead(spec) {
		// Nothing of anybody's runs in it, so of the limits it has only what
		// keeps it out of others' way.
		limits = cgroup.Limits{Shares: limits.Shares}
	}
	if err := s.group.Create(limits); err != nil {
		return nil, fmt.Errorf("control group %s: %w", s.group.Path, err)
	}
	if err := s.boot(spec); err != nil {
		return nil, err
	}
	if s.parked {
		err = s.park(spec, config)
	} else {
		if spec, err = s.readSpec(config); err == nil {
			err = s.bind(spec, r.Stdio, Given{})
		}
	}
	if err != nil {
		return nil, err
	}
	go s.reap()
	return s, nil
}

func readConfig(bundle string) ([]byte, *specs.Spec, error) {
	config, err := os.ReadFile(filepath.Join(bundle, "config.json"))
	if err != nil {
		return nil, nil, err
	}
	spec := &specs.Spec{}
	if err := json.Unmarshal(config, spec); err != nil {
		return nil, nil, fmt.Errorf("config.json: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	return config, spec, checkSpec(spec)
}

// plan decides everything that can be decided without touching the host.
func (h *Host) plan(r Request, spec *specs.Spec) (*Sandbox, error) {
	group, err := cgroup.Open(spec.Linux.CgroupsPath)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	s := &Sandbox{
		Namespace: r.Namespace, ID: r.ID, Bundle: r.Bundle,
		host: h, log: h.log.With("namespace", r.Namespace, "sandbox", r.ID),
		dir:    StateDir(h.root, r.Namespace, r.ID),
		group:  group,
		parked: spec.Annotations[AnnotationPark] == "true",
		record: record{Namespace: r.Namespace, ID: r.ID, Bundle: r.Bundle, Cgroup: group.Path},
		done:   make(chan struct{}),
		gone:   make(chan struct{}),
	}
	if err := checkSocketPath(s.dir, r.ID); err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return s, nil
}

// abandon removes a sandbox that never came to be.
func (s *Sandbox) abandon() error {
	if s.proc != nil {
		_ = s.proc.kill()
		_ = s.proc.wait()
		_, _ = s.proc.reap()
	}
	s.closeAll()
	return removeLeftover(s.dir)
}

// runsAhead says whether a program of an image runs while the sandbox is made to
// be parked. A restored one does not run before its job starts.
func runsAhead(spec *specs.Spec) bool { return spec.Annotations[AnnotationInterpreter] != "" }
