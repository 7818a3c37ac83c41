package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// What a folder should have left, and below what nothing will work.
const (
	fewBytes  = 5 << 30
	noBytes   = 512 << 20
	fewInodes = 200_000
	noInodes  = 10_000
)

// existing is the folder, or the nearest one above it that exists.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == "/" {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func folder(_ context.Context, p Patient) Finding {
	at := existing(p.Data)
	var st unix.Statfs_t
	if err := unix.Statfs(at, &st); err != nil {
		return fail("%s: %v", at, err)
	}
	note := ""
	if at != p.Data {
		note = ", not made yet"
	}
	switch st.Type {
	case unix.OVERLAYFS_SUPER_MAGIC:
		return fail("%s is on overlayfs, which cannot be stacked for images", p.Data).
			try("put it on a volume or a file system of its own")
	case unix.NFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC, unix.V9FS_MAGIC:
		return warn("%s is on a network or user file system", p.Data).try("use a local file system; locks and syncs may not hold here")
	case unix.TMPFS_MAGIC:
		return warn("%s is in memory", p.Data).try("accepted jobs do not survive a restart of the machine")
	}
	if st.Flags&unix.ST_RDONLY != 0 {
		return fail("%s is on a read-only file system", p.Data).try("use another folder")
	}
	return ok("%s%s", p.Data, note)
}

func disk(_ context.Context, p Patient) Finding {
	var st unix.Statfs_t
	if err := unix.Statfs(existing(p.Data), &st); err != nil {
		return fail("%v", err)
	}
	bytes := int64(st.Bavail) * st.Bsize
	// Some file systems have no fixed number of inodes and say 0.
	bounded := st.Files > 0
	inodes := int64(st.Ffree)
	text := "%.1f GiB"
	args := []any{float64(bytes) / (1 << 30)}
	if bounded {
		text, args = text+" and %d inodes", append(args, inodes)
	}
	switch {
	case bytes < noBytes || bounded && inodes < noInodes:
		return fail(text+" are left", args...).try("free some, or name a folder elsewhere with --data")
	case bytes < fewBytes || bounded && inodes < fewInodes:
		return warn("only "+text+" are left", args...).try("images and output need room")
	}
	return ok(text+" are left", args...)
}
