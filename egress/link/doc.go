// Package link is the kernel's side of a node's sandbox networks. It makes
// namespaces, links and rules; it decides nothing about names and reads no
// stream. That is the filter's, a process without any right, which is given
// listening sockets and asks for addresses to be pinned.
//
//	sandbox's namespace          the router's namespace            the host's
//	  eth0 ───────────────────── gbN                                 filter
//	  10.x.x.3/31, fd…::3/127    10.x.x.2, fd…::2                      │
//	  default by the gateway       │ rules                             │
//	                               ├─ source is not the slot's    → dropped
//	                               ├─ fragment, option, extension → dropped
//	                               ├─ to the resolver, port 53    → DNS sockets
//	                               ├─ of a connection it has      → the proxy's
//	                               ├─ TCP to what is pinned       → Proxy sockets
//	                               └─ the rest: counted, reported, refused
//
// The router's namespace has no uplink, forwards nothing and has no route but
// to the slots: the only way out is a socket of the filter, which lives in the
// host's namespace with its connections. A slot's packets never meet another
// slot's link. Rules in the sandbox's own namespace would do nothing: gVisor
// sends below them.
//
// The rules keep no state of connections. A packet belongs to one if the
// filter has a socket for it, so a connection outlives its pin, and ends when
// the filter closes it or the slot is lowered. ICMP is closed, echo requests to
// the gateway too; so is neighbour discovery, since the neighbours of both ends
// are fixed.
//
// What is refused is answered at once, TCP with a reset, UDP with "port
// unreachable" up to 50 a second; the rest is dropped. Each slot's packets are
// counted by the kernel and 20 a second of them are reported, so a flood of one
// hides nothing of another.
//
// Under Config.Dir, a private mount:
//
//	lock           held by the process that has the router; the number given out last
//	router         the router's namespace
//	slots/<id>     a slot's namespace
//
// A process may end at any point. Everything is found again in the kernel and
// in the folder by the next Open: slots, whether they are raised, and pins.
// What was cut off while it was made is listed by List, and removed by Remove.
package link
