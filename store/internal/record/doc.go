// Package record is the written form of jobs, images, documents and audit
// events, the same in every store: what may be stored, how it is read back, and
// the few values that stores sort by. Stores that share it read each other's
// data.
package record
