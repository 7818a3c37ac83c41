package shimtest

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Connections to the outside are the saved job's alone: it keeps them, and to
// what is restored they are broken at once.
func TestRestoredConnections(t *testing.T) {
	s := StartShim(t)
	s.AddGuest(t)
	inside, outside := newNetNS(t), newNetNS(t)
	for _, line := range []string{
		"--net=" + inside + " ip link set lo up",
		"--net=" + inside + " ip link add v0 type veth peer name v1",
		"--net=" + inside + " ip link set v1 netns " + outside,
		"--net=" + inside + " ip address add 10.99.7.1/24 dev v0",
		"--net=" + inside + " ip link set v0 up",
		"--net=" + outside + " ip address add 10.99.7.2/24 dev v1",
		"--net=" + outside + " ip link set v1 up",
	} {
		if out, err := exec.Command("nsenter", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
	}
	addr := echoIn(t, outside)
	j := holder(10)
	j.NetNS = inside
	h := s.Hold(t, j)
	h.Line(t)
	if got := h.Ask(t, "dial "+addr); got != "connected" {
		t.Fatal(got)
	}
	if got := h.Ask(t, "say hello"); got != "hello <nil>" {
		t.Fatal(got)
	}
	dir := s.SnapshotDir(t)
	must(t, h.Save(dir, false))
	if got := h.Ask(t, "say still there"); got != "still there <nil>" {
		t.Errorf("the saved job: %s", got)
	}
	for _, ns := range []string{newNetNS(t), ""} {
		j.NetNS = ns
		r := s.restored(t, dir, h.Task, j)
		r.Start(t)
		got := r.Ask(t, "say anybody")
		t.Log(got)
		if !strings.Contains(got, "connection") && !strings.Contains(got, "broken pipe") {
			t.Errorf("the restored job: %s", got)
		}
		if got := h.Ask(t, "say not disturbed"); got != "not disturbed <nil>" {
			t.Errorf("the saved job: %s", got)
		}
		r.finished(t)
	}
	h.finished(t)
}

// echoIn serves in a network namespace for as long as the test runs.
func echoIn(t *testing.T, ns string) string {
	t.Helper()
	addr := make(chan string)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread is spoilt
		fd, err := unix.Open(ns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		var l net.Listener
		if err == nil {
			l, err = net.Listen("tcp", "10.99.7.2:0")
		}
		if err != nil {
			addr <- fmt.Sprint(err)
			return
		}
		t.Cleanup(func() { l.Close() })
		addr <- l.Addr().String()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return <-addr
}
