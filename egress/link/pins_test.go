package link

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// TestOnlyWhatIsPinned: a slot reaches an address and port from Pin to Unpin,
// and neither another port nor another slot does.
func TestOnlyWhatIsPinned(t *testing.T) {
	n := start(t, config(t))
	a, b := n.slot(t, "a"), n.slot(t, "b")
	for _, x := range []struct{ to, other string }{{out4, other4}, {out6, other6}} {
		refuses(t, a, x.to)
		n.pin(t, "a", time.Minute, x.to)
		c := reaches(t, a, x.to)
		refuses(t, a, x.other)
		refuses(t, b, x.to)
		n.pin(t, "b", time.Minute, x.to)
		reaches(t, b, x.to)
		if err := n.Unpin(t.Context(), "a", netip.MustParseAddrPort(x.to), netip.MustParseAddrPort("192.0.2.1:1")); err != nil {
			t.Fatal(err)
		}
		refuses(t, a, x.to)
		reaches(t, b, x.to)
		if err := c.echo("still open"); err != nil {
			t.Errorf("a connection that was open: %v", err)
		}
	}
	if err := n.UnpinAll(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	refuses(t, b, out4)
	refuses(t, b, out6)
}

// TestPinsExpire: new connections need a pin that lasts, open ones do not.
func TestPinsExpire(t *testing.T) {
	n := start(t, config(t))
	a := n.slot(t, "a")
	n.pin(t, "a", time.Second, out4)
	n.pin(t, "a", time.Minute, out6) // control: it is not everything that ends
	c := reaches(t, a, out4)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		x, err := dial(t, a, "tcp", out4)
		if errors.Is(err, unix.ECONNREFUSED) {
			break
		}
		if err != nil || time.Now().After(end) {
			t.Fatalf("the pin did not end: %v", err)
		}
		x.Close()
	}
	if err := c.echo("still open"); err != nil {
		t.Errorf("a connection that was open: %v", err)
	}
	reaches(t, a, out6)
	n.pin(t, "a", time.Minute, out4) // anew, though the kernel may still have the old one
	reaches(t, a, out4)
}

// TestPinsAreProlonged: a pin that is there takes the longer of its times.
func TestPinsAreProlonged(t *testing.T) {
	n := start(t, config(t))
	n.slot(t, "a")
	left := func() time.Duration {
		t.Helper()
		entries, err := n.rules.entries(ip4.allow)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%d pins, %v", len(entries), err)
		}
		return entries[0].left
	}
	for _, x := range []struct{ ttl, want time.Duration }{{time.Minute, time.Minute}, {time.Hour, time.Hour}, {time.Second, time.Hour}} {
		n.pin(t, "a", x.ttl, out4)
		if got := left(); got > x.want || got < x.want-10*time.Second {
			t.Errorf("after a pin for %s it lasts %s, not %s", x.ttl, got, x.want)
		}
	}
}

// TestWhatCannotBePinned: nothing of a list is pinned if one of it is refused.
func TestWhatCannotBePinned(t *testing.T) {
	n := start(t, config(t))
	a := n.slot(t, "a")
	b := n.slot(t, "b")
	fine := netip.MustParseAddr("93.184.216.34")
	for _, x := range []struct {
		name string
		pin  Pin
		want glovebox.Kind
	}{
		{"forbidden", Pin{metadata, 80, time.Minute}, glovebox.KindDenied},
		{"forbidden IPv6", Pin{netip.MustParseAddr("2001:db8::bad"), 80, time.Minute}, glovebox.KindDenied},
		{"other slot", Pin{b.Addr4, 80, time.Minute}, glovebox.KindDenied},
		{"other slot IPv6", Pin{b.Addr6, 80, time.Minute}, glovebox.KindDenied},
		{"gateway", Pin{a.Gateway4, 80, time.Minute}, glovebox.KindDenied},
		{"resolver", Pin{a.Resolver4, 80, time.Minute}, glovebox.KindDenied},
		{"loopback", Pin{netip.MustParseAddr("127.0.0.1"), proxyPort, time.Minute}, glovebox.KindDenied},
		{"loopback IPv6", Pin{netip.MustParseAddr("::1"), proxyPort, time.Minute}, glovebox.KindDenied},
		{"link-local", Pin{netip.MustParseAddr("fe80::1"), 80, time.Minute}, glovebox.KindDenied},
		{"multicast", Pin{netip.MustParseAddr("224.0.0.1"), 80, time.Minute}, glovebox.KindDenied},
		{"unspecified", Pin{netip.MustParseAddr("0.0.0.0"), 80, time.Minute}, glovebox.KindDenied},
		{"mapped", Pin{netip.MustParseAddr("::ffff:93.184.216.34"), 80, time.Minute}, glovebox.KindInvalid},
		{"zone", Pin{netip.MustParseAddr("2606::1%eth0"), 80, time.Minute}, glovebox.KindInvalid},
		{"no address", Pin{netip.Addr{}, 80, time.Minute}, glovebox.KindInvalid},
		{"no port", Pin{fine, 0, time.Minute}, glovebox.KindInvalid},
		{"no time", Pin{fine, 80, 0}, glovebox.KindInvalid},
	} {
		kind(t, x.name, n.Pin(t.Context(), "a", []Pin{{fine, 443, time.Minute}, x.pin}), x.want)
	}
	kind(t, "no such slot", n.Pin(t.Context(), "nobody", []Pin{{fine, 443, time.Minute}}), glovebox.KindNotFound)
	refuses(t, a, out4)
	n.pin(t, "a", time.Minute, out4)
	reaches(t, a, out4)
}

// TestPinsAreBounded: one slot cannot fill the kernel's sets.
func TestPinsAreBounded(t *testing.T) {
	n := start(t, config(t))
	n.slot(t, "a")
	b := n.slot(t, "b")
	var pins []Pin
	for i := range MaxPins + 1 {
		pins = append(pins, Pin{netip.MustParseAddr(fmt.Sprintf("93.%d.%d.1", i/256, i%256)), 443, time.Minute})
	}
	kind(t, "too many", n.Pin(t.Context(), "a", pins), glovebox.KindTooMany)
	if err := n.Pin(t.Context(), "a", pins[:MaxPins]); err != nil {
		t.Fatal(err)
	}
	if err := n.Pin(t.Context(), "a", pins[:MaxPins]); err != nil {
		t.Errorf("the same again: %v", err)
	}
	kind(t, "one more", n.Pin(t.Context(), "a", pins[MaxPins:]), glovebox.KindTooMany)
	n.pin(t, "b", time.Minute, out4)
	reaches(t, b, out4)
}

// TestLowerCutsAll: with its link down a slot reaches nothing, whatever is
// pinned and open; Raise brings both back.
func TestLowerCutsAll(t *testing.T) {
	n := start(t, config(t))
	a, b := n.slot(t, "a"), n.slot(t, "b")
	n.pin(t, "a", time.Minute, out4, out6)
	n.pin(t, "b", time.Minute, out4)
	for range 2 {
		c4, c6 := reaches(t, a, out4), reaches(t, a, out6)
		if err := n.Lower(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*conn{c4, c6} {
			_ = c.SetDeadline(time.Now().Add(100 * time.Millisecond))
			if err := c.echo("through a link that is down"); err == nil {
				t.Error("a connection goes on through a link that is down")
			}
		}
		reaches(t, b, out4)
		if err := n.Raise(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	reaches(t, a, out4)
	reaches(t, a, out6)
	kind(t, "raise nobody", n.Raise(t.Context(), "nobody"), glovebox.KindNotFound)
	kind(t, "lower nobody", n.Lower(t.Context(), "nobody"), glovebox.KindNotFound)
}
