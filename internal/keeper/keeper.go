package keeper

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Protocol is the version of the requests and answers that this package speaks.
const Protocol = 2

// answerTime bounds the wait for one answer. A shim that is well gives it in
// milliseconds, unless it has sandboxes to remove.
const answerTime = 5 * time.Second

// State is what the shim has.
type State struct {
	Protocol   int       `json:"protocol"`
	PID        int       `json:"pid"`
	Root       string    `json:"root"` // its folder
	Unattended bool      `json:"unattended"`
	Sandboxes  []Sandbox `json:"sandboxes"`
	Error      string    `json:"error"` // why a request was refused; else empty
}

// Sandbox is one that the shim has: Status is "created", "running" or "stopped".
type Sandbox struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// Foreign is a running sandbox of a shim that outlives its parent by itself but
// keeps no deadline.
type Foreign struct {
	ID       string    `json:"id"`
	Group    string    `json:"group"`    // control group with all of its processes
	Deadline time.Time `json:"deadline"` // when it is ended, while nobody attends
	Note     string    `json:"note"`     // file that gets the word "timeout" before that
	Output   []string  `json:"output"`   // FIFOs that are held open until they are removed
}

// Keeper is a connection to a living shim. While it attends, its end is the
// shim's end.
type Keeper struct {
	State     // as the last answer had it
	PID   int // the shim's, from the kernel
	FD    int // pidfd
	conn  *net.UnixConn
	lines *bufio.Reader
}

// Find connects to the shim at socket. KindNotFound if none listens there;
// KindUnavailable if one does but does not answer, or not in our protocol, and
// then the Keeper is returned nevertheless, to be killed.
func Find(ctx context.Context, socket, root string) (*Keeper, error) {
	k, err := dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	if err := k.ask(ctx, request{Do: "state"}, nil); err != nil {
		return k, err
	}
	switch {
	case k.Protocol != Protocol:
		return k, glovebox.Errorf(glovebox.KindUnavailable, "the shim with pid %d speaks version %d of the protocol, and this program %d", k.PID, k.Protocol, Protocol)
	case k.Root != root:
		return k, glovebox.Errorf(glovebox.KindUnavailable, "the shim with pid %d works in %s, not in %s", k.PID, k.Root, root)
	}
	return k, nil
}

// dial connects and makes sure whom to: the socket is in a folder of root's,
// and the kernel tells which process of whose listens. A pidfd holds on to it.
func dial(ctx context.Context, socket string) (*Keeper, error) {
	conn, err := (&net.Dialer{Timeout: answerTime}).DialContext(ctx, "unix", socket)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, glovebox.Errorf(glovebox.KindNotFound, "no shim listens at %s", socket)
	}
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "connect to the shim: %w", err)
	}
	k := &Keeper{conn: conn.(*net.UnixConn), lines: bufio.NewReader(conn), FD: -1}
	peer, err := k.peer()
	if err == nil && peer.Uid != 0 {
		err = glovebox.Errorf(glovebox.KindDenied, "who listens at %s is not root but uid %d", socket, peer.Uid)
	}
	if err == nil {
		k.PID = int(peer.Pid)
		k.FD, err = unix.PidfdOpen(k.PID, unix.O_NONBLOCK)
	}
	if errors.Is(err, unix.ESRCH) {
		k.Close()
		return nil, glovebox.Errorf(glovebox.KindNotFound, "the shim at %s has just ended", socket)
	}
	if err != nil {
		k.Close()
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "look who listens at %s: %w", socket, err)
	}
	return k, nil
}

func (k *Keeper) peer() (cred *unix.Ucred, err error) {
	raw, err := k.conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	if controlErr := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); controlErr != nil {
		return nil, controlErr
	}
	return cred, err
}

type request struct {
	Do      string    `json:"do"`
	Keep    []string  `json:"keep,omitempty"`
	Foreign []Foreign `json:"foreign,omitempty"`
}

// ask sends a request, with a file if there is one, and reads the answer.
func (k *Keeper) ask(ctx context.Context, r request, file *os.File) error {
	end := time.Now().Add(answerTime)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	if err := k.conn.SetDeadline(end); err != nil {
		return k.broken(err)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return k.broken(err)
	}
	var rights []byte
	if file != nil {
		rights = unix.UnixRights(int(file.Fd()))
	}
	if _, _, err := k.conn.WriteMsgUnix(append(line, '\n'), rights, nil); err != nil {
		return k.broken(err)
	}
	answer, err := k.lines.ReadBytes('\n')
	if err != nil {
		return k.broken(err)
	}
	var s State
	if err := json.Unmarshal(answer, &s); err != nil {
		return k.broken(err)
	}
	if s.Error != "" {
		return glovebox.Errorf(glovebox.KindConflict, "the shim refuses %q: %s", r.Do, s.Error)
	}
	k.State = s
	return k.conn.SetDeadline(time.Time{})
}

func (k *Keeper) broken(err error) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "the shim with pid %d does not answer: %w", k.PID, err)
}

// Attend takes the shim over: its log goes to output, and it ends when k is
// closed, by this process or by its end. KindConflict if somebody else attends,
// KindUnavailable.
func (k *Keeper) Attend(ctx context.Context, output *os.File) error {
	return k.ask(ctx, request{Do: "attend"}, output)
}

// Stay leaves the shim behind with these of its sandboxes, and with the care for
// those of other shims.
func (k *Keeper) Stay(ctx context.Context, keep []string, foreign []Foreign) error {
	return k.ask(ctx, request{Do: "stay", Keep: keep, Foreign: foreign}, nil)
}
