package sandbox

import (
	"errors"
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"gvisor.dev/gvisor/pkg/control/client"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
	"gvisor.dev/gvisor/pkg/urpc"
	"gvisor.dev/gvisor/runsc/boot"
	"gvisor.dev/gvisor/runsc/specutils"
)

// calls is a connection to a sentry that stays open. gVisor's own client makes
// one for each call, which the claim of a parked sandbox would have to wait for.
type calls struct{ conn *urpc.Client }

func dial(socket string) (*calls, error) {
	conn, err := client.ConnectTo(socket)
	if err != nil {
		return nil, fmt.Errorf("connect to the sentry: %w", err)
	}
	return &calls{conn}, nil
}

func (c *calls) close() {
	if c != nil {
		c.conn.Close()
	}
}

// CreateTraceSession implements warden.Sentry.
func (c *calls) CreateTraceSession(config *seccheck.SessionConfig, force bool) error {
	files, err := seccheck.SetupSinks(config.Sinks)
	defer closeAll(files)
	if err != nil {
		return err
	}
	return c.conn.Call(boot.ContMgrCreateTraceSession, &boot.CreateTraceSessionArgs{
		Config: *config, Force: force, FilePayload: urpc.FilePayload{Files: files},
	}, nil)
}

// startJob starts the job's container, which has been created.
func (s *Sandbox) startJob(spec *specs.Spec, stdios []*os.File, root rootfs) error {
	image, layers := root.files()
	args := boot.StartArgs{
		Spec: spec, Conf: s.conf, CID: jobID,
		NumGoferFilestoreFDs: len(layers),
		GoferMountConfs:      []specutils.GoferMountConf{root.conf},
	}
	// In this order.
	args.Files = append(args.Files, stdios...)
	args.Files = append(args.Files, layers...)
	if root.layer != nil {
		args.Files, args.IsRootfsUpperTarFilePresent = append(args.Files, root.layer), true
	}
	args.Files = append(args.Files, image...)
	if err := s.calls.conn.Call(boot.ContMgrStartSubcontainer, &args, nil); err != nil {
		return fmt.Errorf("run %q: %w", spec.Process.Args[0], err)
	}
	return nil
}

func closeAll(files []*os.File) (err error) {
	for _, f := range files {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}
