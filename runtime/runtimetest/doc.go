// Package runtimetest is the conformance suite of glovebox.Runtime,
// glovebox.Inventory and glovebox.ImageStore. An implementation calls Run with
// a Node. The reference model, runtime/fake, passes the part of it that needs
// no kernel.
//
// Jobs of the portable cases are said in a small vocabulary that the image of
// the suite has as commands and the fake understands by itself:
//
//	echo WORDS   cat [FILE]   pwd   env   exit N   sleep SECONDS   spew BYTES   oom
//	probe        (tries what an ordinary job does not, and prints "probed")
//	stubborn     (ignores SIGTERM, for ever)
//	polite       (prints "ready", and "bye" on SIGTERM, then exits 3)
package runtimetest
