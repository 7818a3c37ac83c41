package containerd_test

import (
	"os"
	"testing"

	"glovebox"
	"glovebox/runtime/runtimetest"
)

// BenchmarkClaims is the part of `make bench` that looks at this package
// without the service around it: it runs the jobs that descriptor 3 asks for,
// and answers at descriptor 4.
func BenchmarkClaims(b *testing.B) {
	dir := os.Getenv("GLOVEBOX_CLAIMS")
	if dir == "" {
		b.Skip("skipped: `make bench` runs it, and says which images there are")
	}
	in, out := os.NewFile(3, "claims"), os.NewFile(4, "claimed")
	defer in.Close()
	defer out.Close()
	runtimetest.Claims(b, newNode(b, glovebox.RuntimeGVisor).suite(glovebox.RuntimeGVisor), dir, in, out)
}
