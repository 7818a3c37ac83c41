package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox/shim/interp"
)

// interpreterTime is how long one may take until it waits for a script.
const interpreterTime = 30 * time.Second

// interpreter is a process that was started before there was a job, in the
// job's container. It becomes the job: it is the same process, so nothing has
// to be forked.
type interpreter struct {
	spec    *specs.Spec // what it was started with; a job must fit it
	root    rootfs
	control *os.File // what it waits for goes in here
}

// startInterpreter runs the interpreter in the sandbox up to the point where it
// waits. The specification is that of a job whose command is the interpreter.
func (s *Sandbox) startInterpreter(name string, config []byte) (err error) {
	spec, err := s.readSpec(config)
	if err != nil {
		return err
	}
	i := &interpreter{spec: spec}
	if i.root, err = s.prepareRoot(spec); err != nil {
		return err
	}
	s.interpreter = i // whatever comes of it, it is closed with the sandbox
	if spec.Process.Args, err = interp.Args(name, spec.Process.Args[0]); err != nil {
		return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	var waits *os.File
	if waits, i.control, err = os.Pipe(); err != nil {
		return err
	}
	defer waits.Close()
	tells, told, err := os.Pipe()
	if err != nil {
		return err
	}
	defer tells.Close()
	defer told.Close()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	err = s.startJob(spec, []*os.File{waits, told, null}, i.root)
	if err != nil {
		return startError(err)
	}
	told.Close()
	if err := awaitReady(tells); err != nil {
		return fmt.Errorf("start %s: %w: %w", name, err, errdefs.ErrFailedPrecondition)
	}
	return nil
}

func awaitReady(tells *os.File) error {
	if err := tells.SetReadDeadline(time.Now().Add(interpreterTime)); err != nil {
		return err
	}
	got := make([]byte, len(interp.Ready))
	n, err := tells.Read(got)
	if err == nil && string(got[:n]) != interp.Ready {
		err = fmt.Errorf("it said %q", got[:n])
	}
	return err
}

// fit refuses a job that an interpreter which runs already cannot become.
func (i *interpreter) fit(spec *specs.Spec) error {
	for _, name := range []string{AnnotationRootfs, AnnotationScratch} {
		if spec.Annotations[name] != i.spec.Annotations[name] {
			return fmt.Errorf("%s is not the interpreter's: %w", name, errdefs.ErrInvalidArgument)
		}
	}
	if field := differs(spec, i.spec); field != "" {
		return fmt.Errorf("%s is not what the sandbox was parked with: %w", field, errdefs.ErrInvalidArgument)
	}
	return nil
}

// names are the files that tell a job its name. The root was made with those
// of no job, which are written over.
func (i *interpreter) names(hostname string) (map[string]string, error) {
	entries, err := nameFiles(i.spec.Root.Path, hostname)
	files := map[string]string{}
	for _, e := range entries {
		if e.body != "" {
			files[filepath.Clean(strings.TrimPrefix(e.Name, "."))] = e.body
		}
	}
	return files, err
}

// run tells the process what it is.
func (i *interpreter) run(spec *specs.Spec) error {
	line, err := interp.Request(spec.Process.Args, spec.Process.Env, spec.Process.Cwd)
	if err != nil {
		return err
	}
	_, err = i.control.Write(line)
	return errors.Join(err, i.control.Close())
}

func (i *interpreter) close() {
	if i != nil && i.control != nil {
		i.control.Close()
		i.root.close()
	}
}
