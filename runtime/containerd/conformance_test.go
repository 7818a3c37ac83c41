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
