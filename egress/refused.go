package egress

import (
	"glovebox"
	"glovebox/egress/link"
)

// tellRefusals passes on what the kernel refused, until the router is closed.
func (n *Node) tellRefusals() {
	for r := range n.router.Refused() {
		n.tells(r.Slot, []glovebox.NetEvent{refused(r)})
	}
}

func refused(r link.Refusal) glovebox.NetEvent {
	e := glovebox.NetEvent{At: r.At, Type: glovebox.NetOpen, Proto: r.Proto, Reason: glovebox.NetNoRule, Missed: r.Missed}
	if r.Reason != link.NoRule {
		e.Reason = glovebox.NetProtocol
	}
	if r.Dest.Port() != 0 {
		e.Address = r.Dest.String()
	} else {
		e.Address = r.Dest.Addr().String()
	}
	return e
}
