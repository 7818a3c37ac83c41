// Package machine boots a tiny virtual machine for a test: Debian's cloud kernel
// on a processor that QEMU emulates, so that neither /dev/kvm nor a second
// computer is needed. A test uses it for what it cannot do to the machine it
// runs on: another control group version, a power cut.
//
// The root disk is read-only and has busybox, the tools of `make build` and a
// guest program of ours (cmd/guest), which is also the first process. Commands
// go to it over a virtio serial port (package wire).
//
// Kernel and disk are kept in a cache folder and are made again when what they
// are made of has changed.
package machine
