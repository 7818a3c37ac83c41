package containerd_test

import (
	"testing"

	"glovebox"
	"glovebox/runtime/runtimetest"
)

func TestRunc(t *testing.T) {
	runtimetest.Run(t, newNode(t, glovebox.RuntimeRunc).suite(glovebox.RuntimeRunc))
}

func TestGVisor(t *testing.T) {
	runtimetest.Run(t, newNode(t, glovebox.RuntimeGVisor).suite(glovebox.RuntimeGVisor))
}

// Every sandbox of it is parked first, and then claimed.
func TestGVisorParked(t *testing.T) {
	s := newNode(t, glovebox.RuntimeGVisor).suite(glovebox.RuntimeGVisor)
	s.Parked = true
	runtimetest.Run(t, s)
}

func BenchmarkRunc(b *testing.B) {
	runtimetest.Bench(b, newNode(b, glovebox.RuntimeRunc).suite(glovebox.RuntimeRunc))
}

func BenchmarkGVisor(b *testing.B) {
	runtimetest.Bench(b, newNode(b, glovebox.RuntimeGVisor).suite(glovebox.RuntimeGVisor))
}

func BenchmarkGVisorParked(b *testing.B) {
	s := newNode(b, glovebox.RuntimeGVisor).suite(glovebox.RuntimeGVisor)
	s.Parked = true
	runtimetest.Bench(b, s)
}

func BenchmarkCollect(b *testing.B) {
	for _, runtime := range []string{glovebox.RuntimeGVisor, glovebox.RuntimeRunc} {
		b.Run(runtime, func(b *testing.B) {
			runtimetest.BenchCollect(b, newNode(b, runtime).suite(runtime))
		})
	}
}

func BenchmarkWatched(b *testing.B) {
	runtimetest.BenchWatched(b, newNode(b, glovebox.RuntimeGVisor).suite(glovebox.RuntimeGVisor))
}
