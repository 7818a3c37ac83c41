package memory_test

import (
	"testing"

	"glovebox"
	"glovebox/blob/blobtest"
	"glovebox/blob/memory"
)

func TestMemory(t *testing.T) {
	blobtest.Suite(t, func(*testing.T) glovebox.Blobs { return memory.New() })
}

// TestModel holds the model against itself: it keeps the machine honest.
func TestModel(t *testing.T) {
	blobtest.Model(t, func(*testing.T) glovebox.Blobs { return memory.New() })
}
