package runtimetest

import "math/rand/v2"

// noise is n bytes that do not compress, the same each time.
func noise(n int) string {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}
