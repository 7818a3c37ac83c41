// Package interp starts interpreters before there is a script for them.
//
// A parked interpreter is started with [Args], its standard input a control
// pipe and its standard output a pipe on which it says [Ready] once. Whoever
// claims it puts the job's descriptors in the place of 0, 1 and 2, writes one
// [Request] to the control pipe, and closes that. The same process then runs
// the script as if it had been started with the request's arguments,
// environment and working directory. If the control pipe ends without a
// request it exits with status 0.
//
// What only an interpreter newly started can do right (a script that is
// missing, a directory, an archive; another locale; a home with packages of
// its own) python3 leaves to one: it executes itself again, in place. [Fits]
// says what need not be tried at all.
package interp
