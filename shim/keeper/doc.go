// Package keeper lets the process that supervises the shim leave it behind and
// a later one take it over.
//
// The shim listens at a socket of root's. A connection carries requests and
// answers, one JSON object a line:
//
//	{"do":"state"}                     what there is
//	{"do":"stay","keep":["id", …]}     from now on nobody attends: outlive the
//	                                   parent, remove the other sandboxes
//	      "foreign":[{…}, …]           and look after these of other shims
//	{"do":"attend"}                    the caller attends from now on; it sends
//	                                   a descriptor along, where the log goes
//
// Each is answered with a State, or {"error":"…"}. While nobody attends, the
// shim keeps the deadlines of its sandboxes and of the foreign ones itself, and
// the last of its log in memory for whoever comes. Who attends holds the connection: when that breaks
// without a "stay", the shim ends at once and its sandboxes with it, as they do
// when its first parent dies.
package keeper
