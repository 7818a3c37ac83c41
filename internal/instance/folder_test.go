package instance

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestMayPass(t *testing.T) {
	const uid = firstUID
	for _, c := range []struct {
		owner, group, mode uint32
		uid                int
		want               bool
	}{
		{0, 0, 0o755, uid, true},
		{0, 0, 0o711, 0, true},
		{0, 0, 0o770, uid, false},
		{0, 0, 0o770, 0, false}, // a uid that is not known is not root's
		{uid, 0, 0o700, uid, true},
		{uid, 0, 0o077, uid, false}, // the first class decides
		{0, uid, 0o710, uid, true},
		{0, uid, 0o701, uid, false},
	} {
		if got := mayPass(&unix.Stat_t{Uid: c.owner, Gid: c.group, Mode: c.mode}, c.uid); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
