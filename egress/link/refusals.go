package link

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Why the rules refused a packet.
const (
	NoRule    = "no_rule"   // nothing is pinned there, or not TCP
	Spoofed   = "spoofed"   // not the slot's source address
	Malformed = "malformed" // a fragment, an IP option, an extension header
)

// Refusal is a packet that a slot sent and the rules refused. TCP is answered
// with a reset, UDP (up to a rate) with "port unreachable", the rest not.
type Refusal struct {
	At           time.Time
	Slot         string
	Reason       string // NoRule, Spoofed or Malformed
	Proto        string // "tcp", "udp", "icmp" or the IP protocol's number
	Source, Dest netip.AddrPort
	// Missed is how many of the slot's packets were refused before this one,
	// and after the last that was reported, without a report: the kernel
	// reports 20 a second of each slot, and looks up the sum once a second.
	Missed int64
}

// pendingRefusals is how many wait for the reader of Refused.
const pendingRefusals = 1024

// Refused is where refusals are read, by one reader. It is closed by Close. What
// is not read in time is counted as Missed.
func (r *Router) Refused() <-chan Refusal { return r.events }

// Refusals counts all packets of a slot that were refused since Make.
// KindNotFound.
func (r *Router) Refusals(id string) (int64, error) {
	s, err := r.hold(id)
	if err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	entries, err := r.rules.entries("refusals")
	if err != nil {
		return 0, failed("count refusals of", id, err)
	}
	for _, e := range entries {
		if e.link == linkName(s.n) {
			return int64(e.packets), nil
		}
	}
	return 0, nil
}

// listen begins to read what rules report.
func (r *Router) listen() (err error) {
	if r.log, err = openLog(r.ns, logGroup); err != nil {
		if errors.Is(err, unix.EBUSY) {
			return glovebox.Errorf(glovebox.KindInUse, "another process reads what the router refuses").Try("stop the other agent")
		}
		return err
	}
	r.ended.Go(r.read)
	return nil
}

// read tells of refusals until the log is closed.
func (r *Router) read() {
	defer close(r.events)
	t := tally{told: map[string]int64{}}
	for {
		messages, err := r.log.Receive()
		if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) || errors.Is(err, unix.EBADF) {
			return
		}
		if err != nil { // ENOBUFS: more than we can read; the count tells
			continue
		}
		for _, m := range messages {
			rec, ok := parseRecord(m)
			if !ok {
				continue
			}
			id, link := r.slotAt(rec.index)
			h, ok := parseHeader(rec.payload)
			if id == "" || !ok {
				continue
			}
			now := r.config.Now()
			x := Refusal{At: now, Slot: id, Reason: rec.prefix, Proto: h.proto, Source: h.source, Dest: h.dest}
			x.Missed = t.missed(link, now, r.rules)
			select {
			case r.events <- x:
				t.told[link] += 1 + x.Missed
			default:
			}
		}
	}
}

// slotAt is the slot whose link has the index, and the link.
func (r *Router) slotAt(index int) (id, link string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.slots {
		if s.index == index {
			return s.id, linkName(s.n)
		}
	}
	return "", ""
}

// tally is how many refusals of each link were told of, as events or as missed.
// Numbers come back, so links that the kernel does not count any more are
// forgotten.
type tally struct {
	told  map[string]int64
	asked time.Time
}

// missed is how many packets were refused and not told of, apart from the one
// at hand.
func (t *tally) missed(link string, now time.Time, rules *table) int64 {
	if now.Sub(t.asked) < time.Second {
		return 0
	}
	entries, err := rules.entries("refusals")
	if err != nil {
		return 0
	}
	t.asked = now
	total := map[string]int64{}
	for _, e := range entries {
		total[e.link] = int64(e.packets)
	}
	for known := range t.told {
		if _, ok := total[known]; !ok {
			delete(t.told, known)
		}
	}
	return max(0, total[link]-t.told[link]-1)
}
