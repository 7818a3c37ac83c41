package filter_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"glovebox"
	"glovebox/egress/filter"
)

// fd gives away a descriptor, as a parent process does.
func fd(t *testing.T, s interface{ File() (*os.File, error) }) int {
	t.Helper()
	f, err := s.File()
	if err != nil {
		t.Fatal(err)
	}
	n, err := syscall.Dup(int(f.Fd()))
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMainInherits runs the filter as its process would, without any test's
// rules about loopback: so nothing on loopback can be reached.
func TestMainInherits(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	defer p.Close()
	in := filter.Inherited{Control: pair[1], DNS: []int{fd(t, p.(*net.UDPConn))}, TCP: []int{fd(t, l.(*net.TCPListener))}}
	served := make(chan error, 1)
	go func() { served <- filter.Main(context.Background(), in, filter.Config{Upstream: &names{}}) }()

	conn, err := filter.Conn(os.NewFile(uintptr(pair[0]), "agent's end"))
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan glovebox.NetEvent, 1)
	client := filter.NewClient(conn, filter.Callbacks{
		Pin:    func(context.Context, string, []filter.Pin) error { return nil },
		Unpin:  func(context.Context, string, []filter.Pin) error { return nil },
		Events: func(_ string, e []glovebox.NetEvent) { refused <- e[0] },
	})
	ca, err := client.Open(t.Context(), filter.SlotConfig{ID: "a", Addr4: netip.MustParseAddr("127.0.0.1"), Rules: []glovebox.EgressRule{
		{Address: "127.0.0.0/8", Port: l.Addr().(*net.TCPAddr).Port, Protocol: "tcp", Private: true},
	}})
	if err != nil || len(ca) == 0 {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String()) // its destination is the filter's own address
	if err == nil {
		defer c.Close()
	} else if !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	select {
	case e := <-refused:
		if e.Reason != glovebox.NetForbidden {
			t.Errorf("%+v", e)
		}
	case <-time.After(wait):
		t.Error("nothing is told")
	}
	client.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestMainNeedsSockets(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pair[0])
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	null, err := syscall.Dup(int(f.Fd()))
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	err = filter.Main(t.Context(), filter.Inherited{Control: pair[1], TCP: []int{null}}, filter.Config{})
	if glovebox.KindOf(err) != glovebox.KindUsage {
		t.Errorf("/dev/null as a listener: %v", err)
	}
	if _, err := filter.Never([]string{"10.0.0.0/8", "x"}); glovebox.KindOf(err) != glovebox.KindUsage || glovebox.AsError(err).Field != "never.1" {
		t.Errorf("a prefix that is none: %v", err)
	}
}
