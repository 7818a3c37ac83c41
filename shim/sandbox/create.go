package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/api/types"
	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"gvisor.dev/gvisor/runsc/container"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/bootcmd"
	"glovebox/shim/cgroup"
	"glovebox/shim/stdio"
	"glovebox/shim/ticket"
	"glovebox/shim/warden"
)

// Request asks for one sandbox.
type Request struct {
	Namespace, ID string
	// Bundle is an absolute directory with config.json.
	Bundle string
	// Rootfs is mounted at Bundle/rootfs if there is any; otherwise the
	// specification's root must be usable as it is.
	Rootfs []*types.Mount
	Stdio  stdio.Paths
}

// Create makes a sandbox that is ready to Start. What it made is removed again
// when it fails.
func (h *Host) Create(ctx context.Context, r Request) (_ *Sandbox, err error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}

	s, err := h.plan(r)
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
	if err := mountRootfs(r.Rootfs, s.record.Rootfs); err != nil {
		return nil, err
	}
	if err := s.group.Create(s.limits); err != nil {
		return nil, fmt.Errorf("control group %s: %w", s.group.Path, err)
	}
	if s.spec.Annotations[AnnotationStdin] == "none" {
		r.Stdio.In = ""
	}
	if s.streams, err = stdio.Open(r.Stdio); err != nil {
		return nil, err
	}
	if err := s.boot(); err != nil {
		return nil, err
	}
	go s.reap()
	return s, nil
}

// plan reads the specification and decides everything that can be decided
// without touching the host.
func (h *Host) plan(r Request) (*Sandbox, error) {
	spec, err := readSpec(r.Bundle)
	if err != nil {
		return nil, err
	}
	if spec.Process.Terminal {
		return nil, fmt.Errorf("terminals are not supported: %w", errdefs.ErrNotImplemented)
	}
	if spec.Linux == nil || spec.Linux.CgroupsPath == "" {
		return nil, fmt.Errorf("the specification has no control group path: %w", errdefs.ErrInvalidArgument)
	}
	timeout, err := parseTimeout(spec.Annotations[AnnotationTimeout])
	if err != nil {
		return nil, err
	}
	group, err := cgroup.Open(spec.Linux.CgroupsPath)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	s := &Sandbox{
		Namespace: r.Namespace, ID: r.ID, Bundle: r.Bundle,
		host: h, log: h.log.With("namespace", r.Namespace, "sandbox", r.ID),
		dir:    StateDir(h.root, r.Namespace, r.ID),
		limits: cgroup.FromSpec(spec.Linux.Resources),
		group:  group,
		spec:   spec,
		report: spec.Annotations[AnnotationReport],
		record: record{Namespace: r.Namespace, ID: r.ID, Bundle: r.Bundle, Cgroup: group.Path},
		done:   make(chan struct{}),
	}
	s.deadline.timeout = timeout
	if len(r.Rootfs) > 0 {
		s.record.Rootfs = filepath.Join(r.Bundle, "rootfs")
	}
	if err := checkSocketPath(s.dir, r.ID); err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return s, nil
}

func readSpec(bundle string) (*specs.Spec, error) {
	data, err := os.ReadFile(filepath.Join(bundle, "config.json"))
	if err != nil {
		return nil, err
	}
	var spec specs.Spec
	if err := json.Unmarshal(data, &spec); err != nil {
		return nil, fmt.Errorf("config.json: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	if spec.Process == nil || spec.Root == nil || len(spec.Process.Args) == 0 {
		return nil, fmt.Errorf("config.json has no root, process or command: %w", errdefs.ErrInvalidArgument)
	}
	return &spec, nil
}

// boot starts gVisor up to the point where the job could run.
func (s *Sandbox) boot() error {
	scratch, err := ParseScratch(s.spec.Annotations[AnnotationScratch])
	if err != nil {
		return err
	}
	wardenConf, err := warden.Prepare(s.dir, s.limits.Tasks)
	if err != nil {
		return err
	}
	if s.notes, err = warden.Listen(s.dir); err != nil {
		return err
	}
	debugLog := ""
	if s.host.debug {
		debugLog = filepath.Join(s.host.root, "debug", s.ID) + string(filepath.Separator)
	}
	if s.conf, err = gvisorConfig(s.dir, s.spec, scratch, wardenConf, debugLog); err != nil {
		return err
	}
	if s.spec, err = specutils.ReadSpec(s.Bundle, s.conf); err != nil {
		return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	if scratch.Dir != "" {
		if err := s.prepareLayer(); err != nil {
			return err
		}
	}
	if err := s.writeSpec(); err != nil {
		return err
	}
	t := ticket.Ticket{Exec: s.host.boot, Join: s.group.JoinFiles(), BootArgs: bootArgs(s.limits), Env: bootcmd.BootEnv}
	if err := t.Write(s.dir); err != nil {
		return err
	}
	s.container, err = container.New(s.conf, container.Args{
		ID: s.ID, Spec: s.spec, BundleDir: s.dir, Attached: true, PassFiles: s.streams.Guest(),
	})
	if err != nil {
		return errors.Join(s.launcherError(), fmt.Errorf("boot gVisor: %w", err))
	}
	s.streams.Given()
	s.sentry = s.container.Sandbox
	if s.proc, err = watch(s.container.SandboxPid()); err != nil {
		return err
	}
	go s.notes.Collect(s.endForLimit)
	if scratch.Dir != "" {
		s.filestore, err = openFilestore(s.proc.pid, scratch.Dir)
	}
	return err
}

// launcherError is why the launcher refused, if it did.
func (s *Sandbox) launcherError() error {
	text, err := os.ReadFile(filepath.Join(s.dir, ticket.ErrorFile))
	if err != nil {
		return nil
	}
	return fmt.Errorf("launcher: %s", strings.TrimSpace(string(text)))
}

// abandon removes a sandbox that never came to be.
func (s *Sandbox) abandon() error {
	err := s.destroyContainer()
	if s.notes != nil {
		s.notes.Close()
	}
	if s.streams != nil {
		s.streams.Close()
	}
	return errors.Join(err, removeLeftover(s.dir))
}
