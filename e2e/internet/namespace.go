package internet

import (
	"fmt"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Namespace is a network namespace without a name: it is gone when nothing uses
// it any more.
type Namespace struct {
	fd   netns.NsHandle
	link *netlink.Handle
}

func newNamespace() (*Namespace, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mine, err := netns.Get()
	if err != nil {
		return nil, fmt.Errorf("this thread's network namespace: %w", err)
	}
	defer mine.Close()
	fd, err := netns.New() // this thread is in it now
	if err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	if err := netns.Set(mine); err != nil {
		runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
		return nil, fmt.Errorf("back to this thread's network namespace: %w", err)
	}
	link, err := netlink.NewHandleAt(fd)
	if err != nil {
		fd.Close()
		return nil, fmt.Errorf("netlink in a new network namespace: %w", err)
	}
	n := &Namespace{fd: fd, link: link}
	lo, err := link.LinkByName("lo")
	if err == nil {
		err = link.LinkSetUp(lo)
	}
	if err != nil {
		n.close()
		return nil, fmt.Errorf("raise lo: %w", err)
	}
	return n, nil
}

// Do runs f on a thread that is in the namespace. Sockets that f opens, and
// processes that it starts, stay there. f must not leave work to goroutines.
func (n *Namespace) Do(f func() error) error {
	runtime.LockOSThread()
	mine, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer mine.Close()
	if err := netns.Set(n.fd); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	defer func() {
		if netns.Set(mine) == nil {
			runtime.UnlockOSThread()
		} // else the thread must end with its goroutine
	}()
	return f()
}

func (n *Namespace) close() {
	if n.link != nil {
		n.link.Close()
	}
	n.fd.Close()
}

// give puts addresses on a link and raises it.
func (n *Namespace) give(name string, addrs ...string) error {
	l, err := n.link.LinkByName(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, a := range addrs {
		addr, err := netlink.ParseAddr(a)
		if err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
		addr.Flags = noDAD
		if addr.IP.To4() != nil {
			addr.Flags = 0
		}
		if err := n.link.AddrAdd(l, addr); err != nil {
			return fmt.Errorf("%s on %s: %w", a, name, err)
		}
	}
	return n.link.LinkSetUp(l)
}

// noDAD makes an IPv6 address usable at once.
const noDAD = 0x02 // IFA_F_NODAD
