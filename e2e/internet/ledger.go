package internet

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// Arrival is something that reached a server.
type Arrival struct {
	Server string         // such as "http", "dns", "udp", "local", "packet"
	From   netip.AddrPort // the sender
	To     netip.AddrPort // where it was sent to
	Sent   string         // what it said, or its beginning
}

// String is for messages of tests.
func (a Arrival) String() string {
	return fmt.Sprintf("%s %s → %s %.120q", a.Server, a.From, a.To, a.Sent)
}

// Ledger keeps arrivals.
type Ledger struct {
	mu  sync.Mutex
	all []Arrival
}

// maxArrivals bounds what is kept: a flood is not of interest in full.
const maxArrivals = 100_000

func (l *Ledger) add(a Arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) < maxArrivals {
		l.all = append(l.all, a)
	}
}

// Mark is a place in the ledger, for Since.
func (l *Ledger) Mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// Since returns what arrived after a mark and is of interest.
func (l *Ledger) Since(mark int, of func(Arrival) bool) []Arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.all[mark:]), func(a Arrival) bool { return !of(a) })
}
