// Package record is the written form of jobs and images, the same in every
// store: one JSON document each, and the few values that stores sort by.
// Stores that share it read each other's data.
package record
