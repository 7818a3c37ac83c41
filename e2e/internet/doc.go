// Package internet makes an internet in two network namespaces: a host, from
// which something is started, and a world that the host has a link to. Its
// servers run in this process and keep everything that reaches them, so that a
// test can say that nothing did. No packet leaves the two namespaces.
package internet
