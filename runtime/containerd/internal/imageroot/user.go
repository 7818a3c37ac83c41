package imageroot

import (
	"bytes"
	"math"
	"strings"

	"github.com/moby/sys/user"

	"glovebox"
)

// User is who a command runs as.
type User struct {
	UID, GID uint32
	Groups   []uint32 // supplementary
	Home     string   // "/" if the image does not say
}

// maxAccounts bounds what is read of passwd and group; more than this is not
// an account file but an attack on whoever parses it.
const maxAccounts = 4 << 20

// User resolves a name, uid, name:group or uid:gid by the image's own passwd
// and group. "" is root, who has no power in a sandbox. The numbers end at
// 2^31-1: larger ones turn negative in places, among them root (seen in the
// wild as CVE-2024-40635).
func (r *Root) User(spec string) (User, error) {
	passwd, _ := r.read("/etc/passwd", maxAccounts)
	group, _ := r.read("/etc/group", maxAccounts)
	if strings.Count(spec, ":") > 1 { // the parser would ignore the rest
		return User{}, glovebox.Errorf(glovebox.KindUnknownUser, "user %q has more than one colon", spec).
			Try("write user, uid, user:group or uid:gid")
	}
	u, err := user.GetExecUser(spec, nil, bytes.NewReader(passwd), bytes.NewReader(group))
	if err != nil {
		return User{}, glovebox.Errorf(glovebox.KindUnknownUser, "user %q: %w", spec, err).
			Try("name a user of the image's /etc/passwd, or use numbers such as 1000:1000 below 2^31")
	}
	found := User{UID: uint32(u.Uid), GID: uint32(u.Gid), Home: u.Home}
	for _, g := range append([]int{u.Uid, u.Gid}, u.Sgids...) {
		if g < 0 || g > math.MaxInt32 {
			return User{}, glovebox.Errorf(glovebox.KindUnknownUser, "user %q: id %d is out of range", spec, g).
				Try("ids go from 0 to 2^31-1")
		}
	}
	for _, g := range u.Sgids {
		found.Groups = append(found.Groups, uint32(g))
	}
	return found, nil
}
