package link

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const tableName = "glovebox"

// table is the router's rules and sets, through one lasting connection. A
// change is one transaction: the kernel has all of it or nothing.
type table struct {
	mu     sync.Mutex // one transaction at a time; guards conn
	ns     *os.File
	conn   *nftables.Conn
	sock   *netlink.Conn // of conn
	table  *nftables.Table
	sets   map[string]*nftables.Set
	chains []chain
}

// setIDs number the sets inside of a transaction.
var setIDs = map[string]uint32{"slots4": 1, "slots6": 2, "allow4": 3, "allow6": 4, "refusals": 5, "reported": 6, "answered": 7, wideSet: 8}

// maxElements bounds each set. A link has one element of each, and MaxPins.
const maxElements = 1 << 20

// sendBuffer holds a transaction that takes away and puts in all of a slot's
// pins, at some hundred bytes each.
const sendBuffer = 4 << 20

func newTable(ns *os.File, resolver4, resolver6 netip.Addr) (*table, error) {
	t := &table{
		ns:     ns,
		table:  &nftables.Table{Name: tableName, Family: nftables.TableFamilyINet},
		sets:   map[string]*nftables.Set{},
		chains: chains(resolver4, resolver6),
	}
	ifname, four, six, service := nftables.TypeIFName, nftables.TypeIPAddr, nftables.TypeIP6Addr, nftables.TypeInetService
	for name, key := range map[string][]nftables.SetDatatype{
		"slots4": {ifname, four}, "slots6": {ifname, six},
		"allow4": {ifname, four, service}, "allow6": {ifname, six, service},
		"refusals": {ifname}, "reported": {ifname}, "answered": {ifname}, wideSet: {ifname},
	} {
		t.sets[name] = &nftables.Set{
			Table: t.table, ID: setIDs[name], Name: name, KeyType: nftables.MustConcatSetType(key...), Concatenation: len(key) > 1,
			HasTimeout: name == "allow4" || name == "allow6", Dynamic: len(key) == 1 && name != wideSet,
			KeyByteOrder: binaryutil.BigEndian, Size: maxElements,
		}
	}
	return t, t.dial()
}

func (t *table) dial() error {
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithNetNSFd(int(t.ns.Fd())),
		nftables.WithSockOptions(func(c *netlink.Conn) error {
			t.sock = c
			return c.SetWriteBuffer(sendBuffer)
		}))
	if err != nil {
		return err
	}
	t.conn = conn
	return nil
}

func (t *table) close() error { return t.conn.CloseLasting() }

// commit sends what was prepared. A kernel that does not answer is an error:
// the connection is then made anew, for what it would say belongs to nothing.
func (t *table) commit() error {
	if err := t.sock.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	err := t.conn.Flush()
	_ = t.sock.SetDeadline(time.Time{}) // it would end what is asked later
	if err == nil || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENFILE) {
		return err
	}
	_ = t.conn.CloseLasting()
	return errors.Join(err, t.dial())
}

// write makes the table what it should be, and the only one, and throws away
// what there was, the elements too. A packet sees the old one or the new one.
func (t *table) write() error {
	t.conn.FlushRuleset()
	t.conn.AddTable(t.table)
	for _, name := range sortedSets() {
		if err := t.conn.AddSet(t.sets[name], nil); err != nil {
			return err
		}
	}
	made := map[string]*nftables.Chain{}
	for _, c := range t.chains { // before rules, which go from one to the other
		made[c.name] = t.conn.AddChain(c.inTable(t.table))
	}
	for _, c := range t.chains {
		for _, r := range c.rules {
			digest, err := digestOf(r)
			if err != nil {
				return err
			}
			t.conn.AddRule(&nftables.Rule{Table: t.table, Chain: made[c.name], Exprs: r, UserData: digest})
		}
	}
	if err := t.commit(); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	return nil
}

func (c chain) inTable(t *nftables.Table) *nftables.Chain {
	n := &nftables.Chain{Name: c.name, Table: t}
	if c.hook != nil {
		policy := nftables.ChainPolicyDrop
		n.Type, n.Hooknum, n.Policy = nftables.ChainTypeFilter, c.hook, &policy
		n.Priority = nftables.ChainPriorityRef(nftables.ChainPriority(c.priority))
	}
	return n
}

func sortedSets() []string {
	names := make([]string, 0, len(setIDs))
	for name := range setIDs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
