package watch

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"glovebox"
)

func (w *Watch) metadata(c *charge) {
	for _, o := range w.of(glovebox.ObserveMetadata) {
		c.add(0.7, o.Count, o.Last, "%s: %s", o.Address, outcome(o.Result))
	}
	if c.begun { // the filter tells of the same
		return
	}
	for _, what := range slices.Sorted(maps.Keys(w.net.metadata)) {
		c.add(0.7, 0, w.net.metadataLast, "%s", what)
	}
	c.count += w.net.metadataN
}

// Thresholds of scans; see the package comment.
const (
	somePorts      = 15
	manyPorts      = 40
	someAddresses  = 25
	someNeighbours = 10
	manyUnseen     = 1000
)

func (w *Watch) scan(c *charge) {
	all := map[netip.AddrPort]bool{}
	var last time.Time
	for _, kind := range []string{glovebox.ObserveConnect, glovebox.ObservePool} {
		for _, o := range w.of(kind) {
			if a, err := netip.ParseAddrPort(o.Address); err == nil {
				all[a] = true
				last = later(last, o.Last)
			}
		}
	}
	for a := range w.net.refused {
		all[a] = true
	}
	last = later(last, w.net.lastTry)
	ports, addresses, neighbours := map[netip.Addr]int{}, map[uint16]int{}, map[uint16]int{}
	for a := range all {
		if a.Port() == 0 || a.Addr().IsLoopback() || a.Addr().IsUnspecified() {
			continue
		}
		ports[a.Addr()]++
		if a.Addr().IsPrivate() {
			neighbours[a.Port()]++
		} else if a.Port() != 80 && a.Port() != 443 {
			addresses[a.Port()]++
		}
	}
	if a, n := most(ports, netip.Addr.Compare); n >= manyPorts {
		c.add(0.9, uint64(n), last, "%d ports of %s", n, a)
	} else if n >= somePorts {
		c.add(0.7, uint64(n), last, "%d ports of %s", n, a)
	}
	if p, n := most(addresses, cmp.Compare[uint16]); n >= someAddresses {
		c.add(0.6, uint64(n), last, "port %d of %d addresses", p, n)
	}
	if p, n := most(neighbours, cmp.Compare[uint16]); n >= someNeighbours {
		c.add(0.7, uint64(n), last, "port %d of %d private addresses", p, n)
	}
	if n := w.seen.Missed[glovebox.ObserveConnect] + w.net.more; n >= manyUnseen {
		c.add(0.5, n, last, "%d further attempts to connect", n)
	}
}

// most is the key with the highest number, the smallest of equals.
func most[K comparable](m map[K]int, compare func(a, b K) int) (best K, n int) {
	for k, v := range m {
		if v > n || v == n && compare(k, best) < 0 {
			best, n = k, v
		}
	}
	return best, n
}

// Thresholds of questions; see the package comment.
const (
	manyQuestions = 500
	questionRate  = 5 // a second
	manyNames     = 40
	longLabels    = 20 // bytes before the domain, on average
)

func (w *Watch) dns(c *charge) {
	for _, o := range w.of(glovebox.ObserveDNS) {
		if took := max(o.Last.Sub(o.First), time.Second); o.Count >= manyQuestions && float64(o.Count) >= questionRate*took.Seconds() {
			c.add(0.5, o.Count, o.Last, "%d packets or connections to %s", o.Count, o.Address)
		}
	}
	if n := len(w.net.names); n >= manyNames {
		c.add(0.6, w.net.asked, w.net.lastDNS, "%d names that the policy does not have", n)
	}
	for _, p := range w.net.parents {
		if p.names >= manyNames && p.bytes >= longLabels*p.names {
			c.add(0.75, 0, w.net.lastDNS, "%d long names below %s", p.names, p.name)
			break // one is enough, and which does not matter
		}
	}
}

func (w *Watch) miner(c *charge) {
	for _, o := range w.of(glovebox.ObserveMiner) {
		c.add(0.75, o.Count, o.Last, "%s as %q", o.Path, o.Arg0)
	}
	if w.net.pool != "" {
		c.add(0.6, 1, w.net.poolLast, "name %s", w.net.pool)
	}
	for i, o := range w.of(glovebox.ObservePool) {
		weight := 0.35
		if i > 0 {
			weight = 0 // a scan is not a miner
		}
		c.add(weight, o.Count, o.Last, "%s, a port of pools", o.Address)
	}
	if w.busy.long {
		c.add(0.3, 0, time.Time{}, "all its processors for %s", busyTime)
	}
}

func (w *Watch) sockets(c *charge) {
	for _, o := range w.of(glovebox.ObserveSocket) {
		weight := 0.45
		switch o.Proto {
		case "packet":
			weight = 0.6
		case "alg", "icmp":
			weight = 0.1
		case "raw":
			if isPing(o.Detail) {
				weight = 0.2
			}
		}
		c.add(weight, o.Count, o.Last, "%s socket (%s): %s", o.Proto, o.Detail, outcome(o.Result))
	}
}

// isPing says whether a raw socket is that of ping, which tries one first.
func isPing(detail string) bool {
	return detail == "family 2 type 3 protocol 1" || detail == "family 10 type 3 protocol 58"
}

// Thresholds of refusals; see the package comment.
const (
	someRefused = 20
	manyRefused = 100
)

func (w *Watch) refused(c *charge) {
	switch n := len(w.net.refused); {
	case n >= manyRefused:
		c.add(0.7, w.net.tries, w.net.lastTry, "%d destinations were refused", n)
	case n >= someRefused:
		c.add(0.5, w.net.tries, w.net.lastTry, "%d destinations were refused", n)
	}
}

// of are the observations of a kind.
func (w *Watch) of(kind string) (all []glovebox.Observation) {
	for _, o := range w.seen.Things {
		if o.Kind == kind {
			all = append(all, o)
		}
	}
	return all
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func outcome(result string) string {
	if result == "" {
		return "ok"
	}
	return result
}
