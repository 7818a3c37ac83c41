package containerd

import (
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"glovebox"
)

// TestLine: all calls share one connection, one that broke is replaced, and
// there is none after Close.
func TestLine(t *testing.T) {
	r := &Runtime{config: Config{ShimSocket: filepath.Join(t.TempDir(), "s")}}
	if _, err := r.shim(t.Context()); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Errorf("without a shim: %v", err)
	}
	l, err := net.Listen("unix", r.config.ShimSocket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first, err := r.shim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if again, err := r.shim(t.Context()); err != nil || again != first {
				t.Errorf("another line: %v", err)
			}
		})
	}
	wg.Wait()
	conn.Close()
	if r.holds(t.Context(), first) {
		t.Error("a line that broke is said to hold")
	}
	var second *line
	for end := time.Now().Add(10 * time.Second); second == nil || second == first; time.Sleep(time.Millisecond) {
		if second, err = r.shim(t.Context()); err != nil || time.Now().After(end) {
			t.Fatalf("the line that broke is kept: %v", err)
		}
	}
	r.lines.close()
	if err := second.client.UserOnCloseWait(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := r.shim(t.Context()); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Errorf("after the end: %v", err)
	}
}
