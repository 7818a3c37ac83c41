// Package policy decides about documents that say what a job may touch: it
// reads and checks them, explains them line by line, holds a job's against its
// tenant's, says whether a change only narrows, and learns the smallest policy
// that explains what a job was seen to do. It is pure: no clock, no goroutine,
// no file.
package policy
