package instance

import (
	"bufio"
	"errors"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Control's user and the filter's have no names. Their numbers come from the
// range that systemd keeps for users that exist only while a service runs, which
// no distribution gives to people or packages.
const (
	firstUID = 61184
	lastUID  = 65519
)

// Host is what this package asks the machine about user ids.
type Host struct {
	Passwd  string // users with a name
	Systemd string // a file per dynamic user that systemd gave away
	Claims  string // a file per user that an instance of ours uses
}

// ThisHost is the machine that we run on.
func ThisHost() Host {
	return Host{Passwd: "/etc/passwd", Systemd: "/run/systemd/dynamic-uid", Claims: "/run/glovebox/uid"}
}

// claimUID returns a uid for the instance in dir that nothing else uses, and the
// claim that must stay open while it is used. It tries the wanted one first (0
// = none), then those that the path leads to, so that a folder has the same uid
// wherever it can.
func (h Host) claimUID(dir string, want int) (int, *os.File, error) {
	if err := os.MkdirAll(h.Claims, 0o755); err != nil {
		return 0, nil, glovebox.Errorf(glovebox.KindInternal, "make the folder of used uids: %w", err)
	}
	taken, err := h.named()
	if err != nil {
		return 0, nil, err
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(dir)) // never fails
	const n = lastUID - firstUID + 1
	start := int(hash.Sum32() % n)
	for i := -1; i < n; i++ {
		uid := firstUID + (start+i)%n
		if i == -1 {
			uid = want
		}
		if uid == 0 || taken[uid] || h.dynamic(uid) {
			continue
		}
		claim, err := h.claim(uid, dir)
		if err != nil {
			return 0, nil, err
		}
		if claim != nil {
			return uid, claim, nil
		}
	}
	return 0, nil, glovebox.Errorf(glovebox.KindInternal, "every uid from %d to %d is taken", firstUID, lastUID)
}

// named lists the uids in the range that somebody gave a name to.
func (h Host) named() (map[int]bool, error) {
	taken := map[int]bool{}
	f, err := os.Open(h.Passwd)
	if errors.Is(err, fs.ErrNotExist) {
		return taken, nil // a machine without users has none that could clash
	}
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "read the users: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if field := strings.Split(lines.Text(), ":"); len(field) > 2 {
			if uid, err := strconv.Atoi(field[2]); err == nil {
				taken[uid] = true
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "read the users: %w", err)
	}
	return taken, nil
}

func (h Host) dynamic(uid int) bool {
	_, err := os.Lstat(filepath.Join(h.Systemd, strconv.Itoa(uid)))
	return err == nil
}

// claim marks uid as used by the instance in dir, or returns nil if another
// instance uses it: one that runs, or one that has it in its record.
func (h Host) claim(uid int, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(h.Claims, strconv.Itoa(uid)), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "claim uid %d: %w", uid, err)
	}
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		f.Close()
		return nil, nil
	}
	buf := make([]byte, 4096)
	n, _ := f.ReadAt(buf, 0)
	if other := string(buf[:n]); other != "" && other != dir {
		if r, err := Read(Layout{Dir: other}); err == nil && (r.ControlUID == uid || r.FilterUID == uid) {
			f.Close()
			return nil, nil
		}
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, dir)); err != nil {
		f.Close()
		return nil, glovebox.Errorf(glovebox.KindInternal, "claim uid %d: %w", uid, err)
	}
	return f, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}
