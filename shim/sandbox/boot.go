package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"gvisor.dev/gvisor/runsc/boot"
	"gvisor.dev/gvisor/runsc/sandbox"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/bootcmd"
	"glovebox/shim/pause"
	"glovebox/shim/ticket"
)

// A sandbox is booted without a job: gVisor's root container is a program that
// waits for ever, in a root file system of nothing else. A job becomes a second
// container, made by the sentry's loader with a root, namespaces and processes
// of its own, so that there is nothing that a job could inherit from whatever
// ran before it.

// jobID is the job's container in its sandbox.
const jobID = "job"

// baseSpec is the specification of the root container. It has no capabilities,
// and the sentry takes its own from it.
func baseSpec(job *specs.Spec) *specs.Spec {
	return &specs.Spec{
		Version: specs.Version,
		Process: &specs.Process{
			Args: []string{pause.Pause}, Cwd: "/", NoNewPrivileges: true, Capabilities: &specs.LinuxCapabilities{},
		},
		Root: &specs.Root{Path: "/", Readonly: true},
		Linux: &specs.Linux{
			CgroupsPath: job.Linux.CgroupsPath,
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.PIDNamespace}, {Type: specs.IPCNamespace}, {Type: specs.UTSNamespace},
				{Type: specs.MountNamespace}, {Type: specs.NetworkNamespace, Path: netns(job)},
			},
		},
	}
}

// boot starts gVisor up to the point where a job could be bound.
func (s *Sandbox) boot(job *specs.Spec) error {
	debugLog := ""
	if s.host.debug {
		debugLog = filepath.Join(s.host.root, "debug", s.ID) + string(filepath.Separator)
	}
	base := baseSpec(job)
	var err error
	if s.conf, err = gvisorConfig(s.dir, base, debugLog); err != nil {
		return err
	}
	data, err := json.Marshal(base)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "config.json"), data, 0o600); err != nil {
		return err
	}
	t := ticket.Ticket{Exec: s.host.boot, Join: s.group.JoinFiles(), Env: bootcmd.BootEnv}
	if err := t.Write(s.dir); err != nil {
		return err
	}
	root, err := os.Open(s.host.pause)
	if err != nil {
		return err
	}
	s.sentry, err = sandbox.New(s.conf, &sandbox.Args{
		ID: s.ID, Spec: base, BundleDir: s.dir, Attached: true,
		IOFiles:         []*os.File{root}, // closed there
		GoferMountConfs: specutils.GoferMountConfFlags{{Lower: specutils.Erofs, Upper: specutils.NoOverlay}},
		MountHints:      &boot.PodMountHints{},
	})
	if err != nil {
		return errors.Join(s.launcherError(), fmt.Errorf("boot gVisor: %w", err))
	}
	if s.proc, err = watch(s.sentry.Pid.Load()); err != nil {
		return err
	}
	s.base = base
	if job.Annotations[AnnotationSnapshot] == "" { // what is restored brings its root container
		if err := s.sentry.StartRoot(s.conf, base); err != nil {
			return fmt.Errorf("start the sandbox: %w", err)
		}
	}
	if err := s.sentry.CreateSubcontainer(s.conf, jobID, nil); err != nil {
		return fmt.Errorf("make the job's container: %w", err)
	}
	s.calls, err = dial(s.sentry.ControlSocketPath)
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
