package leftover

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// BenchmarkReceive measures the archive of 5,000 small files without a sandbox.
func BenchmarkReceive(b *testing.B) {
	var names []string
	for i := range 5000 {
		names = append(names, fmt.Sprint("f", i))
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		text.WriteString(file(name, name))
	}
	text.WriteString(end(0))
	for b.Loop() {
		if _, err := Receive(strings.NewReader(text.String()), NewArchive(io.Discard)); err != nil {
			b.Fatal(err)
		}
	}
}
