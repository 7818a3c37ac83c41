package containerdtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"glovebox/shim/shimtest"
)

// program is the pinned containerd, built if need be. The Go build cache makes
// that cheap after the first time.
func program(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv(shimtest.ProgramsDir); dir != "" {
		return filepath.Join(dir, "containerd")
	}
	out := filepath.Join(t.TempDir(), "containerd")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, "github.com/containerd/containerd/v2/cmd/containerd")
	cmd.Dir = "../../tools/containerd"
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build containerd: %v\n%s", err, text)
	}
	return out
}
