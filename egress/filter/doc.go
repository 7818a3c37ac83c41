// Package filter is the process that all traffic of sandboxes goes through, and
// the agent's end of the channel that steers it.
//
// It runs unprivileged: it gets listening sockets and one end of a control
// channel, and nothing else. Its resolver answers the names that a slot's rules
// list, after the agent has pinned what they resolved to; its proxy joins a
// connection to the pinned destination if the server name or Host is the one
// that was resolved. Both say what they decided, as glovebox.NetEvent.
//
// A slot is one sandbox, known by its source addresses. What has no slot gets
// no answer.
package filter
