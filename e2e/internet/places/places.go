// Package places says where everything is in the internet that package internet
// makes. Attackers, which know nothing else of it, import this alone.
package places

// Addresses of the internet. All public ones are of the ranges for
// documentation, which no real network carries.
const (
	Resolver  = "203.0.113.53"
	Allowed4  = "203.0.113.10" // of Allowed, and of what shares its server
	Allowed6  = "2001:db8:2::10"
	Other4    = "192.0.2.20" // of a server that no policy names
	Other6    = "2001:db8:2::20"
	Foreign   = "192.0.2.53" // of a resolver that nobody is told of
	Private   = "10.9.9.9"   // behind the host
	Metadata  = "169.254.169.254"
	Task      = "169.254.170.2" // metadata of containers
	Metadata6 = "fd00:ec2::254"
	Alibaba   = "100.100.100.200"
)

// Addresses of the host.
const (
	Host4   = "198.51.100.10"
	Host6   = "2001:db8:1::10"
	HostLAN = "10.9.8.7"
	Uplink4 = "198.51.100.1" // the internet's end of the host's link
	Uplink6 = "2001:db8:1::1"
)

// Names that the resolver knows.
const (
	Allowed   = "allowed.example"   // what policies name
	Neighbour = "neighbour.example" // shares the server of Allowed
	Elsewhere = "elsewhere.example" // Other4
	Rebinding = "rebinding.example" // first Allowed4, then Metadata
	Mixed     = "mixed.example"     // Allowed4 and Metadata at once
	Inside    = "inside.example"    // Private
	Alias     = "alias.example"     // an alias of metadata.example, which is Metadata
	Loop      = "loop.example"      // 127.0.0.1 and ::1
	Host      = "host.example"      // Host4
	Mapped    = "mapped.example"    // ::ffff:169.254.169.254, 64:ff9b::a9fe:a9fe, Metadata6
	Tunnel    = "tunnel.example"    // the zone of who wants to smuggle; answers anything
)

// Ports where the internet and the host listen.
const (
	PortEcho    = 7    // of the internet: says everything back, TCP and UDP
	PortSSH     = 22   // of the internet: greets first
	PortHTTP    = 80   // of the internet
	PortTLS     = 443  // of the internet: TLS, and UDP as QUIC has it
	PortService = 8100 // of the host, on all its addresses
	PortLocal   = 8101 // of the host, on its loopback
	PortControl = 8443 // of the host: where control would be
	PortVictim  = 8107 // of a sandbox whose job serves others
)

// Abstract is the abstract socket of a service on the host.
const Abstract = "\x00glovebox-canary"

// Reached is in everything that servers of the internet and of the host answer.
// Who has it was there.
const Reached = "reached-the-canary"
