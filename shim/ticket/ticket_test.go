package ticket

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for _, want := range []Ticket{
		{Exec: "/x", Join: []string{"/a", "/b c"}},
		{Exec: "/x y", Join: []string{"/a"}, BootArgs: []string{"--n=1", "--m"}, Env: []string{"A=b c", "D="}, Stock: true},
	} {
		dir := t.TempDir()
		if err := want.Write(dir); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(dir); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
}

// A ticket that cannot be written as it is, or that would start something
// unconfined, is refused.
func TestRefusedTickets(t *testing.T) {
	if err := (Ticket{Exec: "/x\nstock yes", Join: []string{"/a"}}).Write(t.TempDir()); err == nil {
		t.Error("a line break is written")
	}
	for _, text := range []string{"", "exec /x\n", "join /a\n", "exec x\njoin /a\n", "exec /x\njoin /a\nother 1\n", "exec /x\njoin /a\nstock\n"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, File), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(dir); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
