package main

import (
	"bytes"
	"io"
)

// noise is what containerd warns of at each start on most file systems; nothing
// here uses fsverity.
var noise = []byte("failed check for fsverity support")

// withoutNoise drops that line of containerd's. The supervisor writes a line at
// a time.
type withoutNoise struct{ w io.Writer }

func (q withoutNoise) Write(line []byte) (int, error) {
	if bytes.Contains(line, noise) &&
		(bytes.HasPrefix(line, []byte(nameContainerd+" | ")) || bytes.HasPrefix(line, []byte(`{"process":"`+nameContainerd+`"`))) {
		return len(line), nil
	}
	return q.w.Write(line)
}
