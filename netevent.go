package glovebox

import (
	"strings"
	"time"
)

// NetEvent is one decision of the filter about what a job tried to reach, or
// something that the watch tells. It is kept with the job, a line of JSON each,
// in the order they were made.
type NetEvent struct {
	At      time.Time `json:"at"`
	Type    string    `json:"type"`              // NetDNS, NetOpen, NetRequest or NetClose; NetFinding or NetProfile
	Allowed bool      `json:"allowed"`           // a NetClose has that of its NetOpen
	Name    string    `json:"name,omitempty"`    // asked for: DNS name, server name or Host
	Address string    `json:"address,omitempty"` // "ADDRESS:PORT"; of a NetDNS, the addresses answered, with commas
	Proto   string    `json:"proto,omitempty"`   // "tls", "http", "tcp", "udp", "icmp" or an IP protocol's number
	Rule    string    `json:"rule,omitempty"`    // the one that let it through
	Reason  string    `json:"reason,omitempty"`  // why it was refused or cut: see below
	Method  string    `json:"method,omitempty"`  // of a request that the filter read
	Path    string    `json:"path,omitempty"`    // without query; at most 1,024 bytes
	Sent    int64     `json:"sent,omitempty"`    // bytes out of the sandbox, of a NetClose
	Got     int64     `json:"received,omitempty"`
	Conn    int64     `json:"conn,omitempty"`   // number that joins NetOpen, NetClose and requests
	Missed  int64     `json:"missed,omitempty"` // events before this one that were not kept, for want of room

	Finding *Finding `json:"finding,omitempty"` // of a NetFinding
	Profile *Profile `json:"profile,omitempty"` // of a NetProfile
}

// Types of NetEvent.
const (
	NetDNS     = "dns"
	NetOpen    = "open"
	NetRequest = "request"
	NetClose   = "close"
	NetFinding = "finding" // the watch found something out of the ordinary
	NetProfile = "profile" // all that the job was seen to do, at its end
)

// Why something was refused or cut.
const (
	NetNoRule    = "no_rule"       // nothing in the policy names it
	NetForbidden = "forbidden"     // an address that no policy can open
	NetPrivate   = "private"       // a private address, and the rule does not say so
	NetName      = "name_mismatch" // server name or Host is not that of the rule
	NetProtocol  = "protocol"      // not the rule's protocol: QUIC, raw, not TLS
	NetMethod    = "method"        // method or path is not in the rule
	NetBudget    = "budget"        // the rule's bytes are used up
	NetNarrowed  = "narrowed"      // the policy was changed
	NetLimit     = "limit"         // too many connections or questions at one time
	NetFailed    = "failed"        // the destination could not be reached
)

// Tried is what a question or a connection was about, as a Profile names it: the
// name, or "ADDRESS:PORT". It is empty for other events, and for what cannot be
// kept.
func (e NetEvent) Tried() string {
	if e.Type != NetDNS && e.Type != NetOpen {
		return ""
	}
	what := strings.TrimSuffix(strings.ToLower(e.Name), ".")
	if what == "" {
		what = e.Address
	}
	if len(what) > MaxProfileText || !printable(what) {
		return ""
	}
	return what
}
