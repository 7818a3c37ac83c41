package warden

import (
	"errors"
	"fmt"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/errors/linuxerr"
	"gvisor.dev/gvisor/pkg/fspath"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/kernel/auth"
	"gvisor.dev/gvisor/pkg/sentry/kernel/sched"
	"gvisor.dev/gvisor/pkg/sentry/vfs"
	"gvisor.dev/gvisor/pkg/usermem"
)

// RestoredFile is where a program that was restored from a snapshot finds out
// that it was, for which job. It is in the scratch layer; a job without one
// has none.
const (
	restoredDir  = "run/glovebox"
	RestoredFile = "/" + restoredDir + "/restored"
)

// TooManyTasks is part of the error of a job that may have fewer tasks than
// the snapshot has.
const TooManyTasks = "tasks in the snapshot, the job may have"

// takeRestored makes what came with a snapshot the job's. None of its tasks
// run: each would have to find all of it changed at once.
func (s *sink) takeRestored(job Job) error {
	if err := letGo(); err != nil {
		return err
	}
	first, all := find(here, job.Process)
	if first == nil {
		return fmt.Errorf("%s: no process in container %q", sinkName, job.Process)
	}
	var tasks []*kernel.Task
	for _, t := range all {
		if t.ExitState() < kernel.TaskExitZombie { // those have been counted off
			tasks = append(tasks, t)
		}
	}
	if s.live.Store(int64(len(tasks))); s.limit > 0 && int64(len(tasks)) > s.limit {
		return fmt.Errorf("%s: there are %d %s %d", sinkName, len(tasks), TooManyTasks, s.limit)
	}
	if err := reconnect(here, tasks); err != nil {
		return fmt.Errorf("%s: give the restored program its streams: %w", sinkName, err)
	}
	for _, t := range tasks {
		if err := t.SetCPUMask(sched.NewFullCPUSet(here.ApplicationCores())); err != nil {
			return fmt.Errorf("%s: processors of the process: %w", sinkName, err)
		}
	}
	if job.Scratch {
		if err := job.leaveFiles(here, first); err != nil {
			return fmt.Errorf("%s: %w", sinkName, err)
		}
		if err := makeOut(here, first); err != nil {
			return fmt.Errorf("%s: make %s: %w", sinkName, OutDir, err)
		}
	}
	if err := late.place(first); err != nil {
		return fmt.Errorf("%s: the job's files: %w", sinkName, err)
	}
	s.look(first, job)
	return nil
}

// makeOut makes the folder for what the job leaves where the saved program has
// none: it may have been saved by an earlier version. What it has is kept.
func makeOut(k *kernel.Kernel, first *kernel.Task) error {
	ctx := k.SupervisorContext()
	root := first.MountNamespace().Root(ctx)
	defer root.DecRef(ctx)
	creds, owner := auth.CredentialsFromContext(ctx), first.Credentials()
	at := &vfs.PathOperation{Root: root, Start: root, Path: fspath.Parse(OutDir)}
	err := k.VFS().MkdirAt(ctx, creds, at, &vfs.MkdirOptions{Mode: 0o755})
	if linuxerr.Equals(linuxerr.EEXIST, err) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.VFS().SetStatAt(ctx, creds, at, &vfs.SetStatOptions{Stat: linux.Statx{
		Mask: linux.STATX_UID | linux.STATX_GID, UID: uint32(owner.EffectiveKUID), GID: uint32(owner.EffectiveKGID),
	}})
}

// leaveFiles tells the restored program who it is now. What it has made of the
// files since it was started with the names is its own business: only a file
// that is still one is written.
func (j Job) leaveFiles(k *kernel.Kernel, first *kernel.Task) error {
	ctx := k.SupervisorContext()
	root := first.MountNamespace().Root(ctx)
	defer root.DecRef(ctx)
	for path, text := range j.Files {
		_ = write(k, root, path, text)
	}
	creds := auth.CredentialsFromContext(ctx)
	at := func(path string) *vfs.PathOperation {
		return &vfs.PathOperation{Root: root, Start: root, Path: fspath.Parse(path)}
	}
	for _, dir := range []string{"run", restoredDir} {
		_ = k.VFS().MkdirAt(ctx, creds, at(dir), &vfs.MkdirOptions{Mode: 0o755})
	}
	_ = k.VFS().UnlinkAt(ctx, creds, at(RestoredFile)) // one of an earlier restore
	file, err := k.VFS().OpenAt(ctx, creds, at(RestoredFile),
		&vfs.OpenOptions{Flags: linux.O_WRONLY | linux.O_CREAT | linux.O_EXCL | linux.O_NOFOLLOW, Mode: 0o400})
	if err != nil {
		return fmt.Errorf("make %s: %w", RestoredFile, err)
	}
	defer file.DecRef(ctx)
	owner := first.Credentials()
	_, err = file.Write(ctx, usermem.BytesIOSequence([]byte(j.Restored)), vfs.WriteOptions{})
	return errors.Join(err, file.SetStat(ctx, vfs.SetStatOptions{Stat: linux.Statx{
		Mask: linux.STATX_UID | linux.STATX_GID, UID: uint32(owner.EffectiveKUID), GID: uint32(owner.EffectiveKGID),
	}}))
}
