package link

import (
	"encoding/binary"
	"os"
	"slices"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// The part of nfnetlink_log that is needed: linux/netfilter/nfnetlink_log.h.
const (
	logPacket = unix.NFNL_SUBSYS_ULOG << 8 // NFULNL_MSG_PACKET
	logConfig = unix.NFNL_SUBSYS_ULOG<<8 | 1

	configCommand   = 1 // NFULA_CFG_CMD
	configMode      = 2 // NFULA_CFG_MODE
	configThreshold = 5 // NFULA_CFG_QTHRESH
	commandBind     = 1 // NFULNL_CFG_CMD_BIND
	modePacket      = 2 // NFULNL_COPY_PACKET

	packetLink    = 4  // NFULA_IFINDEX_INDEV
	packetPayload = 9  // NFULA_PAYLOAD
	packetPrefix  = 10 // NFULA_PREFIX
)

// record is a packet that a rule reported.
type record struct {
	index   int // of the link it came by
	prefix  string
	payload []byte // from the IP header on
}

// openLog asks for what rules in ns report to the group. Each packet is its own
// message: the kernel's message that ends a list has no content that can be
// relied on.
func openLog(ns *os.File, group uint16) (*netlink.Conn, error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{NetNS: int(ns.Fd())})
	if err != nil {
		return nil, err
	}
	body, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: configCommand, Data: []byte{commandBind}},
		{Type: configMode, Data: append(binary.BigEndian.AppendUint32(nil, snapLength), modePacket, 0)},
		{Type: configThreshold, Data: binary.BigEndian.AppendUint32(nil, 1)},
	})
	if err == nil {
		err = bindLog(c, append(binary.BigEndian.AppendUint16([]byte{unix.AF_UNSPEC, unix.NFNETLINK_V0}, group), body...))
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// bindLog sends the request and waits for its answer. Packets may come before
// it; they are only counted.
func bindLog(c *netlink.Conn, request []byte) error {
	_, err := c.Send(netlink.Message{
		Header: netlink.Header{Type: logConfig, Flags: netlink.Request | netlink.Acknowledge},
		Data:   request,
	})
	for err == nil {
		var answers []netlink.Message
		if answers, err = c.Receive(); slices.ContainsFunc(answers, func(m netlink.Message) bool { return m.Header.Type == netlink.Error }) {
			return err
		}
	}
	return err
}

// parseRecord reads a message of openLog's connection; false if it is none that
// tells of a packet.
func parseRecord(m netlink.Message) (record, bool) {
	var r record
	if m.Header.Type != logPacket || len(m.Data) < 4 {
		return r, false
	}
	d, err := netlink.NewAttributeDecoder(m.Data[4:])
	if err != nil {
		return r, false
	}
	d.ByteOrder = binary.BigEndian
	for d.Next() {
		switch d.Type() {
		case packetLink:
			r.index = int(d.Uint32())
		case packetPayload:
			r.payload = d.Bytes()
		case packetPrefix:
			r.prefix = d.String()
		}
	}
	return r, d.Err() == nil
}
