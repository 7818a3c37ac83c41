// Package contexts keeps the servers that a person is logged in to, and the
// private key that each session is bound to, in one file that nobody else can
// read.
package contexts
