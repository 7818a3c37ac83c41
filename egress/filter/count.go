package filter

import (
	"net"

	"glovebox"
)

// counted is the sandbox's side of a connection whose bytes are counted, and
// cut at the rule's budget, as they pass.
type counted struct {
	net.Conn // begins with what was read ahead
	c        *conn
}

// Read implements net.Conn.
func (n *counted) Read(p []byte) (int, error) {
	got, err := n.Conn.Read(p)
	n.c.sent.Add(int64(got))
	if may := n.c.charge(got); may < got {
		n.c.cut(glovebox.NetBudget)
		return may, net.ErrClosed
	}
	return got, err
}

// Write implements net.Conn.
func (n *counted) Write(p []byte) (int, error) {
	may := n.c.charge(len(p))
	wrote, err := n.Conn.Write(p[:may])
	n.c.got.Add(int64(wrote))
	if err == nil && may < len(p) {
		n.c.cut(glovebox.NetBudget)
		err = net.ErrClosed
	}
	return wrote, err
}

// CloseWrite ends what goes to the sandbox.
func (n *counted) CloseWrite() error { return n.c.raw.CloseWrite() }

// SetLinger is for a reset.
func (n *counted) SetLinger(sec int) error { return n.c.raw.SetLinger(sec) }

// Close tells the end of the connection, whoever comes to it first.
func (n *counted) Close() error {
	n.c.over()
	return nil
}

// ahead is a connection that begins with bytes which were read before.
type ahead struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.first) > 0 {
		n := copy(p, a.first)
		if a.first = a.first[n:]; len(a.first) == 0 {
			a.first = nil
		}
		return n, nil
	}
	return a.Conn.Read(p)
}
