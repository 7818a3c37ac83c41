package warden

import (
	"fmt"
	"io"
	"path"
	"strings"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/errors/linuxerr"
	"gvisor.dev/gvisor/pkg/fspath"
	"gvisor.dev/gvisor/pkg/sentry/fsimpl/tmpfs"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/kernel/auth"
	"gvisor.dev/gvisor/pkg/sentry/vfs"
	"gvisor.dev/gvisor/pkg/usermem"
)

// SecretsDir is the mount that has the job's secrets, and nothing else. It is
// its user's alone.
const SecretsDir = "/run/secrets"

// filePage is what a file of a byte takes.
const filePage = 4096

// placement puts files into one process's root. They are on file systems in the
// sentry's memory, which none of the job's scratch layer is behind: one is
// mounted at SecretsDir, of the other single files are mounted over those of
// the root. Both are read-only, and cannot be taken off without privileges.
type placement struct {
	k     *kernel.Kernel
	ctx   context.Context
	creds *auth.Credentials
	owner *auth.Credentials
	root  vfs.VirtualDentry
}

// placedFile is a file, and where what is in it comes from.
type placedFile struct {
	FileHead
	from io.Reader
}

// placeBytes is how much of a file is in memory twice while it is placed.
const placeBytes = 256 << 10

func placeFiles(k *kernel.Kernel, first *kernel.Task, all []placedFile) error {
	ctx := k.SupervisorContext()
	p := placement{k: k, ctx: ctx, creds: auth.CredentialsFromContext(ctx), owner: first.Credentials(), root: first.MountNamespace().Root(ctx)}
	defer p.root.DecRef(ctx)
	var secrets, others []placedFile
	for _, f := range all {
		if path.Dir(f.Path) == SecretsDir {
			secrets = append(secrets, f)
		} else {
			others = append(others, f)
		}
	}
	if err := p.placeSecrets(secrets); err != nil {
		return err
	}
	return p.placeOthers(others)
}

func (p placement) placeSecrets(all []placedFile) error {
	if len(all) == 0 {
		return nil
	}
	mount, err := p.memory(all, 0o500)
	if err != nil {
		return err
	}
	defer mount.DecRef(p.ctx)
	for _, f := range all {
		if err := p.write(mount, path.Base(f.Path), f); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	if err := p.k.VFS().SetMountReadOnly(mount, true); err != nil {
		return err
	}
	if err := p.folder(SecretsDir); err != nil {
		return err
	}
	return p.connect(mount, SecretsDir)
}

func (p placement) placeOthers(all []placedFile) error {
	if len(all) == 0 {
		return nil
	}
	mount, err := p.memory(all, 0o555)
	if err != nil {
		return err
	}
	defer mount.DecRef(p.ctx)
	for i, f := range all {
		if err := p.placeOther(mount, fmt.Sprint(i), f); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return nil
}

func (p placement) placeOther(from *vfs.Mount, name string, f placedFile) error {
	if err := p.write(from, name, f); err != nil {
		return err
	}
	inner := vfs.MakeVirtualDentry(from, from.Root())
	file, err := p.k.VFS().GetDentryAt(p.ctx, p.creds, &vfs.PathOperation{Root: inner, Start: inner, Path: fspath.Parse(name)}, &vfs.GetDentryOptions{})
	if err != nil {
		return err
	}
	defer file.DecRef(p.ctx)
	if err := p.standIn(f.Path); err != nil {
		return err
	}
	mount := p.k.VFS().NewDisconnectedMount(from.Filesystem(), file.Dentry(), mountOptions(true, ""))
	defer mount.DecRef(p.ctx)
	return p.connect(mount, f.Path)
}

// memory makes a file system that has just the room that files need.
func (p placement) memory(files []placedFile, mode uint32) (*vfs.Mount, error) {
	var size int64
	for _, f := range files {
		size += (f.Size+filePage-1)/filePage*filePage + filePage
	}
	data := fmt.Sprintf("size=%d,nr_inodes=%d,mode=%o,uid=%d,gid=%d", size, len(files)+1, mode, p.owner.EffectiveKUID, p.owner.EffectiveKGID)
	return p.k.VFS().MountDisconnected(p.ctx, p.creds, "none", tmpfs.Name, mountOptions(false, data))
}

func mountOptions(readOnly bool, data string) *vfs.MountOptions {
	return &vfs.MountOptions{
		Flags: vfs.MountFlags{NoExec: true, NoDev: true, NoSUID: true}, ReadOnly: readOnly, Locked: true,
		GetFilesystemOptions: vfs.GetFilesystemOptions{Data: data},
	}
}

// write makes a file at the top of a mount.
func (p placement) write(mount *vfs.Mount, name string, f placedFile) error {
	at := vfs.MakeVirtualDentry(mount, mount.Root())
	file, err := p.k.VFS().OpenAt(p.ctx, p.creds, &vfs.PathOperation{Root: at, Start: at, Path: fspath.Parse(name)},
		&vfs.OpenOptions{Flags: linux.O_WRONLY | linux.O_CREAT | linux.O_EXCL | linux.O_NOFOLLOW, Mode: 0o600})
	if err != nil {
		return err
	}
	defer file.DecRef(p.ctx)
	if err := p.fill(file, f); err != nil {
		return err
	}
	return file.SetStat(p.ctx, vfs.SetStatOptions{Stat: linux.Statx{
		Mask: linux.STATX_UID | linux.STATX_GID | linux.STATX_MODE, Mode: uint16(f.Mode & 0o777),
		UID: uint32(p.owner.EffectiveKUID), GID: uint32(p.owner.EffectiveKGID),
	}})
}

// fill writes what is in a file.
func (p placement) fill(file *vfs.FileDescription, f placedFile) error {
	buf := make([]byte, min(f.Size, placeBytes))
	defer clear(buf)
	for left := f.Size; left > 0; {
		part := buf[:min(left, int64(len(buf)))]
		if _, err := io.ReadFull(f.from, part); err != nil {
			return err
		}
		n, err := file.Write(p.ctx, usermem.BytesIOSequence(part), vfs.WriteOptions{})
		if err == nil && n != int64(len(part)) {
			err = linuxerr.ENOSPC
		}
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

func (p placement) at(name string) *vfs.PathOperation {
	return &vfs.PathOperation{Root: p.root, Start: p.root, Path: fspath.Parse(name)}
}

func (p placement) connect(mount *vfs.Mount, name string) error {
	return p.k.VFS().ConnectMountAt(p.ctx, p.creds, mount, p.at(name))
}

// folder makes a folder and those above it in the job's root. A link on the way
// leads nowhere but into that root; one in the place of the folder itself, or a
// file, makes way.
func (p placement) folder(name string) error {
	above := ""
	for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
		above += "/" + part
		pop := p.at(above)
		pop.FollowFinalSymlink = above != name
		st, err := p.k.VFS().StatAt(p.ctx, p.creds, pop, &vfs.StatOptions{Mask: linux.STATX_TYPE})
		if err == nil && st.Mode&linux.S_IFMT == linux.S_IFDIR {
			continue
		}
		if err := p.makeWay(above); err != nil {
			return err
		}
		if err := p.k.VFS().MkdirAt(p.ctx, p.creds, p.at(above), &vfs.MkdirOptions{Mode: 0o755}); err != nil {
			return fmt.Errorf("make %s: %w", above, err)
		}
	}
	return nil
}

// makeWay removes what is no folder, if there is something.
func (p placement) makeWay(name string) error {
	err := p.k.VFS().UnlinkAt(p.ctx, p.creds, p.at(name))
	if err != nil && !linuxerr.Equals(linuxerr.ENOENT, err) {
		return fmt.Errorf("make way for %s: %w", name, err)
	}
	return nil
}

// standIn makes sure that there is a file, and no link, to mount over.
func (p placement) standIn(name string) error {
	if dir := path.Dir(name); dir != "/" {
		if err := p.folder(dir); err != nil {
			return err
		}
	}
	st, err := p.k.VFS().StatAt(p.ctx, p.creds, p.at(name), &vfs.StatOptions{Mask: linux.STATX_TYPE})
	if err == nil && st.Mode&linux.S_IFMT == linux.S_IFREG {
		return nil
	}
	if err := p.makeWay(name); err != nil {
		return err
	}
	file, err := p.k.VFS().OpenAt(p.ctx, p.creds, p.at(name),
		&vfs.OpenOptions{Flags: linux.O_WRONLY | linux.O_CREAT | linux.O_EXCL | linux.O_NOFOLLOW, Mode: 0o644})
	if err == nil {
		file.DecRef(p.ctx)
	}
	return err
}
