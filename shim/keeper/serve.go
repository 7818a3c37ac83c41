package keeper

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// maxRequest bounds a request: some hundred bytes for each sandbox of a node.
const maxRequest = 1 << 20

// Serve answers until the listener is closed.
func (k *Keeper) Serve(l *net.UnixListener) error {
	for {
		c, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go k.serve(c)
	}
}

func (k *Keeper) serve(c *net.UnixConn) {
	defer c.Close()
	in := &receiver{conn: c}
	defer in.drop()
	nth := 0 // who attends, if it is the other end
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxRequest)
	for lines.Scan() {
		answer, attending := k.do(lines.Bytes(), in)
		nth = max(nth, attending)
		if err := json.NewEncoder(c).Encode(answer); err != nil {
			break
		}
	}
	if nth > 0 {
		k.left(nth)
	}
}

// do carries one request out. nth is not 0 if it has made the caller attend.
func (k *Keeper) do(line []byte, in *receiver) (answer any, nth int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var r request
	err := json.Unmarshal(line, &r)
	switch {
	case err != nil:
	case r.Do == "state":
	case r.Do == "stay":
		err = k.stay(r.Keep, r.Foreign)
	case r.Do == "attend":
		if err = k.attend(in.file); err == nil {
			nth = k.attending
		}
		in.drop()
	default:
		err = errors.New("unknown request " + r.Do)
	}
	if err != nil {
		return refusal{err.Error()}, 0
	}
	return k.state(), nth
}

// receiver reads a connection and keeps the descriptor that came along last.
type receiver struct {
	conn *net.UnixConn
	file *os.File
}

// Read reads bytes and takes descriptors.
func (r *receiver) Read(p []byte) (int, error) {
	rights := make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := r.conn.ReadMsgUnix(p, rights)
	if m > 0 {
		r.take(rights[:m])
	}
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return n, err
}

func (r *receiver) take(rights []byte) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			r.drop()
			r.file = os.NewFile(uintptr(fd), "log")
		}
	}
}

func (r *receiver) drop() {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}
