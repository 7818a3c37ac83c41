package bootcmd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gvisor.dev/gvisor/runsc/boot/filter"
)

// The built-in filters must be what this very gVisor would compile: a stale
// one would silently confine the sentry by other rules.
func TestFiltersAreGvisorsOwn(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "fresh.go")
	if out, err := exec.Command("go", "run", "glovebox/shim/seccompgen", fresh).CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, out)
	}
	want, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("seccomp_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, have) {
		t.Error("seccomp_gen.go is not what this gVisor compiles; hint: go generate ./bootcmd")
	}
}

func TestFiltersAreFound(t *testing.T) {
	useCompiledFilters(sentryPID)
	if len(compiledFilters) == 0 {
		t.Fatal("no filters are built in")
	}
	for _, p := range compiledFilters {
		if _, ok := filter.GetPrecompiled(p.Name); !ok {
			t.Errorf("gVisor does not find %s", p.Name)
		}
	}
}
