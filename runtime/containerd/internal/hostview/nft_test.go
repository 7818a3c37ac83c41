package hostview

import (
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// TestTables plants a table in a network namespace of the test's own and finds
// it there.
func TestTables(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: making a network namespace takes root")
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the test, and the namespace with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	if got, err := Tables("glovebox_"); err != nil || len(got) != 0 {
		t.Errorf("before: %v %v", got, err)
	}
	c, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	c.AddTable(&nftables.Table{Name: "glovebox_test", Family: nftables.TableFamilyINet})
	c.AddTable(&nftables.Table{Name: "other", Family: nftables.TableFamilyINet})
	if err := c.Flush(); err != nil {
		t.Skipf("skipped: this kernel takes no nftables table: %v", err)
	}
	if got, err := Tables("glovebox_"); err != nil || !slices.Equal(got, []string{"glovebox_test"}) {
		t.Errorf("after: %v %v", got, err)
	}
}
