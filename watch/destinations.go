package watch

import (
	"hash/fnv"
	"net/netip"
	"strings"
	"time"

	"glovebox"
)

// destinations are what a job tried to reach and what it asked for, as the
// filter tells. The filter's text is as hostile as the job; all of it is
// bounded by number, and kept as a hash where it is long.
type destinations struct {
	refused map[netip.AddrPort]bool // at most maxDestinations
	tries   uint64                  // all that were refused
	more    uint64                  // refused ones that are not kept
	lastTry time.Time

	names   map[uint64]bool    // asked for and refused, at most maxNames
	parents map[uint64]*parent // by their two last labels, at most maxParents
	asked   uint64
	lastDNS time.Time

	metadata     map[string]bool // what was asked or tried of it, at most maxEvidence
	metadataLast time.Time
	metadataN    uint64
	pool         string // name of a mining pool
	poolLast     time.Time

	// strange is what was refused and is not in the profile, if there is one, and
	// what it weighs; at most maxStrange.
	strange map[string]float64
}

type parent struct {
	name  string
	names int
	bytes int // of what is before the two last labels
}

const (
	maxDestinations = 512
	maxNames        = 1024
	maxParents      = 128
	maxName         = 253
	maxStrange      = 32

	// everyRefusal is how many refusals of what is known go by until there is
	// something to judge again: their number.
	everyRefusal = 256
)

// see says whether there is something to judge again.
func (d *destinations) see(e glovebox.NetEvent, p *glovebox.Profile) bool {
	name := strings.ToLower(e.Name[:min(len(e.Name), maxName)])
	addr, err := netip.ParseAddrPort(e.Address)
	known := err == nil
	changed := false
	if strings.Contains(name, "metadata.google") || name == "instance-data.ec2.internal" || known && isMetadata(addr.Addr()) {
		what := name
		if known {
			what = addr.String()
		}
		changed = d.metadataN == 0
		d.metadataN++
		d.metadataLast = e.At
		if d.metadata == nil {
			d.metadata = map[string]bool{}
		}
		if len(d.metadata) < MaxEvidence && !d.metadata[what] {
			d.metadata[what], changed = true, true
		}
	}
	if pool := poolOf(name); pool && d.pool == "" {
		d.pool, d.poolLast, changed = name, e.At, true
	}
	switch {
	case e.Allowed || e.Reason == glovebox.NetNarrowed || e.Reason == glovebox.NetBudget:
		return changed
	case p != nil && d.leave(e, *p):
		changed = true
	}
	switch {
	case e.Type == glovebox.NetDNS:
		changed = d.question(name, e.At) || changed
	case e.Type == glovebox.NetOpen && known:
		changed = d.try(addr, e.At) || changed
	}
	return changed || (d.tries+d.asked)%everyRefusal == 0
}

// leave says whether a refused one is new that no run of the profile tried.
func (d *destinations) leave(e glovebox.NetEvent, p glovebox.Profile) bool {
	what, weight := e.Tried(), newTry
	if e.Reason == glovebox.NetForbidden || e.Reason == glovebox.NetPrivate {
		weight = newProof
	}
	if d.strange == nil {
		d.strange = map[string]float64{}
	}
	if what == "" || has(p.Tried, what) || d.strange[what] > 0 || len(d.strange) == maxStrange {
		return false
	}
	d.strange[what] = weight
	return true
}

// try says whether it is a new one.
func (d *destinations) try(a netip.AddrPort, at time.Time) bool {
	d.tries++
	d.lastTry = at
	if d.refused == nil {
		d.refused = map[netip.AddrPort]bool{}
	}
	switch {
	case d.refused[a]:
		return false
	case len(d.refused) == maxDestinations:
		d.more++
		return false
	}
	d.refused[a] = true
	return true
}

// question says whether it is a new one.
func (d *destinations) question(name string, at time.Time) bool {
	d.asked++
	d.lastDNS = at
	if d.names == nil {
		d.names, d.parents = map[uint64]bool{}, map[uint64]*parent{}
	}
	sum := hash(name)
	if d.names[sum] || len(d.names) == maxNames {
		return false
	}
	d.names[sum] = true
	below, domain := split(name)
	p := d.parents[hash(domain)]
	if p == nil {
		if len(d.parents) == maxParents {
			return true
		}
		p = &parent{name: domain}
		d.parents[hash(domain)] = p
	}
	p.names++
	p.bytes += len(below)
	return true
}

// split cuts a name before its two last labels.
func split(name string) (below, domain string) {
	name = strings.TrimSuffix(name, ".")
	at := strings.LastIndexByte(name, '.')
	if at > 0 {
		at = strings.LastIndexByte(name[:at], '.')
	}
	if at < 0 {
		return "", name
	}
	return name[:at], name[at+1:]
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

// isMetadata says whether an address is one of a metadata service.
func isMetadata(a netip.Addr) bool {
	a = a.Unmap()
	for _, p := range metadataPrefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

var metadataPrefixes = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("100.100.100.200/32"), netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("fd00:ec2::/32"), netip.MustParsePrefix("fd20:ce::254/128"), netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"),
}

// poolOf says whether a name has a mining pool's name as one of its labels.
func poolOf(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		switch label {
		case "minexmr", "nanopool", "supportxmr", "2miners", "moneroocean", "nicehash", "hashvault", "f2pool", "ethermine",
			"nanopool-xmr", "xmrpool", "monerohash", "herominers", "unmineable", "poolin", "viabtc", "antpool":
			return true
		}
	}
	return false
}
