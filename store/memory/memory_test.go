package memory_test

import (
	"testing"

	"glovebox"
	"glovebox/store/memory"
	"glovebox/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) glovebox.Store { return memory.New() })
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(*testing.B) glovebox.Store { return memory.New() })
}
