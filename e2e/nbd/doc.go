// Package nbd is a disk that forgets as real ones do: what is written stays in a
// volatile cache until it is flushed, and a power cut takes from the cache what
// it likes. A virtual machine reaches it over a unix socket by the NBD protocol
// (github.com/NetworkBlockDevice/nbd, doc/proto.md).
package nbd
