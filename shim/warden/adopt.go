package warden

import (
	"fmt"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/fspath"
	"gvisor.dev/gvisor/pkg/sentry/fdimport"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/kernel/auth"
	"gvisor.dev/gvisor/pkg/sentry/kernel/sched"
	"gvisor.dev/gvisor/pkg/sentry/vfs"
	"gvisor.dev/gvisor/pkg/usermem"
)

// adopt makes a process that waits for a job the job's: it gets the job's
// standard streams in place of its own, and its root the files that tell the
// job who it is. The process is blocked in a read of its old input, which goes
// on: through that it is told the rest. It returns how many tasks there are.
func (j Job) adopt(k *kernel.Kernel) (int64, error) {
	first, tasks := find(k, j.Process)
	if first == nil || len(streams) != 3 {
		return 0, fmt.Errorf("%s: no process waits in container %q", sinkName, j.Process)
	}
	for n := range streams { // it is not told to replace files
		if old := first.FDTable().Remove(k.SupervisorContext(), int32(n)); old != nil {
			old.DecRef(k.SupervisorContext())
		}
	}
	creds := first.Credentials()
	_, err := fdimport.Import(k.SupervisorContext(), first.FDTable(), streams, fdimport.ImportOptions{
		UID: creds.RealKUID, GID: creds.RealKGID, ContainerName: k.ContainerName(j.Process), Restorable: true,
	})
	if err != nil {
		return 0, fmt.Errorf("%s: give the process its streams: %w", sinkName, err)
	}
	root := first.MountNamespace().Root(k.SupervisorContext())
	defer root.DecRef(k.SupervisorContext())
	for path, text := range j.Files {
		if err := write(k, root, path, text); err != nil {
			return 0, fmt.Errorf("%s: write %s: %w", sinkName, path, err)
		}
	}
	for _, t := range tasks {
		if err := t.SetCPUMask(sched.NewFullCPUSet(k.ApplicationCores())); err != nil {
			return 0, fmt.Errorf("%s: processors of the process: %w", sinkName, err)
		}
	}
	return int64(len(tasks)), nil
}

// find returns the container's tasks and the leader of its first process.
func find(k *kernel.Kernel, container string) (first *kernel.Task, all []*kernel.Task) {
	for _, t := range k.RootPIDNamespace().Tasks() {
		if t.ContainerID() != container {
			continue
		}
		all = append(all, t)
		if t.PIDNamespace().IDOfTask(t) == 1 {
			first = t
		}
	}
	return first, all
}

// write replaces what a file holds. The file exists, and links are not followed.
func write(k *kernel.Kernel, root vfs.VirtualDentry, path, text string) error {
	ctx := k.SupervisorContext()
	file, err := k.VFS().OpenAt(ctx, auth.CredentialsFromContext(ctx),
		&vfs.PathOperation{Root: root, Start: root, Path: fspath.Parse(path)},
		&vfs.OpenOptions{Flags: linux.O_WRONLY | linux.O_TRUNC | linux.O_NOFOLLOW | linux.O_NONBLOCK})
	if err != nil {
		return err
	}
	defer file.DecRef(ctx)
	_, err = file.Write(ctx, usermem.BytesIOSequence([]byte(text)), vfs.WriteOptions{})
	return err
}
