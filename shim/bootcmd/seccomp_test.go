package bootcmd

import (
	"reflect"
	"testing"

	"gvisor.dev/gvisor/pkg/seccomp/precompiledseccomp"
	"gvisor.dev/gvisor/runsc/boot/filter"
	"gvisor.dev/gvisor/runsc/boot/filter/config"
)

// The built-in filters must be what this very gVisor would compile: a stale
// one would silently confine the sentry by other rules.
func TestFiltersAreGvisorsOwn(t *testing.T) {
	fresh, err := config.PrecompiledPrograms()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]precompiledseccomp.Program{}
	for _, p := range fresh {
		byName[p.Name] = p
	}
	if len(compiledFilters) == 0 {
		t.Fatal("no filters are built in")
	}
	for _, p := range compiledFilters {
		if want, ok := byName[p.Name]; !ok || !reflect.DeepEqual(p, want) {
			t.Errorf("%s differs; hint: go generate ./bootcmd", p.Name)
		}
	}
}

func TestFiltersAreFound(t *testing.T) {
	useCompiledFilters()
	for _, p := range compiledFilters {
		if _, ok := filter.GetPrecompiled(p.Name); !ok {
			t.Errorf("gVisor does not find %s", p.Name)
		}
	}
}
