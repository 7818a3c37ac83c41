package nbd

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// blank opens a disk of n empty sectors.
func blank(t *testing.T, n int) *Disk {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, make([]byte, n*sector), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// put fills a sector with a byte.
func (d *Disk) put(t *testing.T, number int, with byte) {
	t.Helper()
	if _, err := d.WriteAt(bytes.Repeat([]byte{with}, sector), int64(number*sector)); err != nil {
		t.Fatal(err)
	}
}

// get reads the byte that fills a sector.
func (d *Disk) get(t *testing.T, number int) byte {
	t.Helper()
	p := make([]byte, sector)
	if _, err := d.ReadAt(p, int64(number*sector)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(p, bytes.Repeat(p[:1], sector)) {
		t.Fatalf("sector %d is torn", number)
	}
	return p[0]
}

func TestFlushedStaysAndTheRestIsLost(t *testing.T) {
	d := blank(t, 8)
	d.put(t, 1, 'a')
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	d.put(t, 1, 'b')
	d.put(t, 2, 'c')
	if d.get(t, 1) != 'b' || d.get(t, 2) != 'c' {
		t.Error("a read does not see what is in the cache")
	}
	loss, err := d.Cut(nil)
	if want := (Loss{Unflushed: 2}); err != nil || loss != want {
		t.Errorf("%+v, %v", loss, err)
	}
	if _, err := d.ReadAt(make([]byte, sector), 0); err == nil {
		t.Error("read without power")
	}
	if err := d.Flush(); err == nil {
		t.Error("flushed without power")
	}
	d.Restore()
	if d.get(t, 1) != 'a' || d.get(t, 2) != 0 {
		t.Errorf("after the cut: %q %q", d.get(t, 1), d.get(t, 2))
	}
}

// A cut with a random source keeps some sectors and not others, and of two
// writes to one sector any may win, or none.
func TestRandomCut(t *testing.T) {
	seen := map[byte]bool{}
	for seed := range uint64(40) {
		d := blank(t, 1)
		d.put(t, 0, 'a')
		d.put(t, 0, 'b')
		loss, err := d.Cut(rand.New(rand.NewPCG(seed, 0)))
		if err != nil || loss.Unflushed != 2 || loss.Kept > 2 {
			t.Fatalf("%+v, %v", loss, err)
		}
		d.Restore()
		seen[d.get(t, 0)] = true
	}
	if !seen[0] || !seen['a'] || !seen['b'] {
		t.Errorf("only %v came about", seen)
	}
}

func TestLie(t *testing.T) {
	d := blank(t, 4)
	d.put(t, 0, 'a')
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	d.Lie()
	d.put(t, 0, 'b')
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	if d.get(t, 0) != 'b' {
		t.Error("the lie shows before the cut")
	}
	if _, err := d.Cut(nil); err != nil {
		t.Fatal(err)
	}
	d.Restore()
	if d.get(t, 0) != 'a' {
		t.Error("a lying disk kept something")
	}
	d.put(t, 0, 'c')
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Cut(nil); err != nil {
		t.Fatal(err)
	}
	if d.Restore(); d.get(t, 0) != 'c' {
		t.Error("still lying after Restore")
	}
}

func TestRefusals(t *testing.T) {
	d := blank(t, 2)
	for _, c := range []struct {
		n   int
		off int64
	}{{sector, 2 * sector}, {3 * sector, 0}, {sector, -sector}, {sector, 1}, {1, 0}, {sector, 1 << 62}} {
		if _, err := d.WriteAt(make([]byte, c.n), c.off); err == nil {
			t.Errorf("wrote %d bytes at %d", c.n, c.off)
		}
		if _, err := d.ReadAt(make([]byte, c.n), c.off); err == nil {
			t.Errorf("read %d bytes at %d", c.n, c.off)
		}
	}
}
