// Package launch does, before gVisor's sentry is started, what the sentry
// would otherwise do to itself in three process images and a helper process:
// it makes the empty root, gives up the capabilities, and provides for /proc
// to be unmounted. Then it becomes the sentry, once.
//
// The steps and their result are gVisor's own (runsc boot --setup-root
// --apply-caps); a test compares the two sentries in everything the kernel
// tells about a process. Whatever this package does not know how to do as
// gVisor would, it refuses, and it looks at its own state again before the
// sentry runs. A refusal is an error; nothing has been executed then.
//
// Everything here belongs to the calling thread, which must be the first of
// its process and stay locked: capabilities and v1 control groups are a
// thread's, and the other threads end when the program is executed.
package launch
