package hostview

import (
	"os"
	"strings"
	"testing"
)

func TestParseMounts(t *testing.T) {
	const table = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /w/a rw - tmpfs x rw
31 22 0:27 / /w/a/b\040c rw shared:1 master:2 - overlay y rw,lowerdir=/l
32 22 0:4 net:[4026531840] /w/n rw - nsfs nsfs rw
33 22 0:28 / /wide rw - tmpfs z rw
short line
`
	got, err := parseMounts(strings.NewReader(table), "/w")
	want := []Mount{{"/w/a", "tmpfs"}, {"/w/a/b c", "overlay"}, {"/w/n", "nsfs"}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %v, %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("mount %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestIsMount(t *testing.T) {
	if IsMount(t.TempDir()) || IsMount("/no/such/folder") {
		t.Error("a folder is called a mount")
	}
	if !IsMount("/proc") {
		t.Error("/proc is not called a mount")
	}
}

func TestProcesses(t *testing.T) {
	all, err := Processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.PID == os.Getpid() {
			if len(p.Args) != len(os.Args) || p.Args[0] != os.Args[0] {
				t.Errorf("own arguments are %q", p.Args)
			}
			return
		}
	}
	t.Error("this process is not listed")
}
