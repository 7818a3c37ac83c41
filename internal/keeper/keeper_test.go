package keeper

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"glovebox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shim answers at a socket, as answer says; an empty answer is none.
func shim(t *testing.T, answer func(line string) string) (socket string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: a shim is root's")
	}
	dir, err := os.MkdirTemp("", "gbkeep") // not t.TempDir: names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket = filepath.Join(dir, "keep.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					if a := answer(lines.Text()); a != "" {
						fmt.Fprintln(c, a)
					}
				}
			}()
		}
	}()
	return socket
}

// TestFind: only a living shim of this folder that speaks our protocol is one to
// be taken over; of any other there is hold enough to end it.
func TestFind(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		kind   glovebox.Kind
		words  string
	}{
		"ours":             {`{"protocol":2,"pid":5,"root":"/r","unattended":true,"sandboxes":[{"id":"a","status":"running"}]}`, "", ""},
		"another protocol": {`{"protocol":3,"root":"/r"}`, glovebox.KindUnavailable, "version 3"},
		"another folder":   {`{"protocol":2,"root":"/other"}`, glovebox.KindUnavailable, "/other"},
		"refuses":          {`{"error":"not today"}`, glovebox.KindConflict, "not today"},
		"nonsense":         {`hello`, glovebox.KindUnavailable, "does not answer"},
		"hangs":            {``, glovebox.KindUnavailable, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			socket := shim(t, func(string) string { return c.answer })
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			k, err := Find(ctx, socket, "/r")
			if k == nil {
				t.Fatal(err)
			}
			defer k.Close()
			if glovebox.KindOf(err) != c.kind || err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("%v", err)
			}
			if k.PID != os.Getpid() {
				t.Errorf("pid %d, the kernel should say %d", k.PID, os.Getpid())
			}
			if err == nil && (!k.Unattended || len(k.Sandboxes) != 1 || k.Sandboxes[0] != Sandbox{"a", "running"}) {
				t.Errorf("state %+v", k.State)
			}
			if gone := k.Gone(ctx); glovebox.KindOf(gone) != glovebox.KindUnavailable {
				t.Errorf("the living one is gone: %v", gone)
			}
		})
	}
}

// TestNobody: a socket that is not there, or that nobody listens at any more.
func TestNobody(t *testing.T) {
	socket := shim(t, func(string) string { return "" })
	old := socket + ".old"
	fd, err := net.ListenUnix("unix", &net.UnixAddr{Name: old, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	fd.SetUnlinkOnClose(false)
	fd.Close()
	for _, path := range []string{old, socket + ".none"} {
		if k, err := Find(t.Context(), path, "/r"); k != nil || glovebox.KindOf(err) != glovebox.KindNotFound {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestRequests: what is asked for is what the protocol says.
func TestRequests(t *testing.T) {
	asked := make(chan string, 3)
	socket := shim(t, func(line string) string {
		asked <- line
		return `{"protocol":2,"root":"/r"}`
	})
	k, err := Find(t.Context(), socket, "/r")
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	other := Foreign{ID: "c", Group: "/g/c", Deadline: time.Unix(5, 0).UTC(), Note: "/n", Output: []string{"/o"}}
	if err := k.Stay(t.Context(), []string{"a", "b"}, []Foreign{other}); err != nil {
		t.Error(err)
	}
	if err := k.Attend(t.Context(), os.Stderr); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`{"do":"state"}`, `{"do":"stay","keep":["a","b"],"foreign":[{"id":"c","group":"/g/c","deadline":"1970-01-01T00:00:05Z","note":"/n","output":["/o"]}]}`, `{"do":"attend"}`} {
		if got := <-asked; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
	}
}
