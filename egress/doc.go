// Package egress is the network of a node's sandboxes, as the agent uses it.
//
//	job ── eth0 ═══ veth ═══ router's namespace ── sockets ── filter ── the world
//	                          rules of the kernel             names, TLS, HTTP
//
// A sandbox has one link. Its other end is in a namespace that has no way out
// (egress/link): the kernel's rules there deliver what is allowed to listening
// sockets, and refuse the rest. The sockets are served by a process without any
// privilege (egress/filter), which resolves names, looks at what is sent, and
// dials the destination from the host's network.
//
// Node joins both: it starts the filter, and again if it dies; has the kernel
// let through what the filter resolved, having checked it; and tells the agent
// what both decided, in one stream of events for each sandbox.
package egress
