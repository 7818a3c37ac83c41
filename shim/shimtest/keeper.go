package shimtest

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Keeper is a connection to the shim's keeper.
type Keeper struct {
	conn  *net.UnixConn
	lines *bufio.Reader
}

// KeeperFlags make StartWith listen for keepers.
func (s *Shim) KeeperFlags() []string { return []string{"--keeper", s.keeper()} }

func (s *Shim) keeper() string { return filepath.Join(s.Dir, "keep.sock") }

// Keeper connects.
func (s *Shim) Keeper(t testing.TB) *Keeper {
	t.Helper()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: s.keeper(), Net: "unix"})
	must(t, err)
	must(t, conn.SetDeadline(time.Now().Add(Patience)))
	t.Cleanup(func() { conn.Close() })
	return &Keeper{conn, bufio.NewReader(conn)}
}

// Ask sends a request, with a file if there is one, and returns the answer.
func (k *Keeper) Ask(t testing.TB, request map[string]any, file *os.File) map[string]any {
	t.Helper()
	data, err := json.Marshal(request)
	must(t, err)
	var rights []byte
	if file != nil {
		rights = syscall.UnixRights(int(file.Fd()))
	}
	_, _, err = k.conn.WriteMsgUnix(append(data, '\n'), rights, nil)
	must(t, err)
	line, err := k.lines.ReadBytes('\n')
	must(t, err)
	var answer map[string]any
	must(t, json.Unmarshal(line, &answer))
	return answer
}

// Close hangs up.
func (k *Keeper) Close() { k.conn.Close() }
