package launch

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Sentry becomes the sentry: the program at path, with gVisor's command line
// for it. It returns only if it fails.
func Sentry(path string, argv, env []string) error {
	if os.Getpid() != 1 || syscall.Gettid() != 1 {
		return errors.New("launch: not the first process of a namespace of its own")
	}
	args, err := parseArgs(argv)
	if err != nil {
		return err
	}
	// The file is out of reach by name once there is a new root.
	program, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "exec", Path: path, Err: err}
	}
	facts := hostFacts()
	if err := makeRoot(program); err != nil {
		return fmt.Errorf("launch: empty root: %w", err)
	}
	sync, err := startUmounter()
	if err != nil {
		return fmt.Errorf("launch: unmounter of /proc: %w", err)
	}
	if err := dropPrivileges(); err != nil {
		return fmt.Errorf("launch: capabilities: %w", err)
	}
	if err := verify(); err != nil {
		return fmt.Errorf("launch: refused: %w", err)
	}
	err = syscall.Exec(sentryPath, args.settled(facts, sync), env)
	return &os.PathError{Op: "exec", Path: path, Err: err}
}
