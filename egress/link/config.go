package link

import (
	"net/netip"
	"path/filepath"
	"time"

	"glovebox"
)

// Config says where a router lives and which addresses it gives out. All
// fields but Now are needed.
type Config struct {
	// Dir holds the namespaces, a folder for this router alone. It is made if
	// it is not there, and is made a private mount, so that no namespace is
	// seen, and kept, by other mount namespaces. Not a mount point of its own.
	Dir string

	// Prefix4 and Prefix6 are the addresses of the resolver and of the slots;
	// nothing outside the router sees them. A slot takes two of each. Prefix4
	// is of /8 to /29, Prefix6 of /48 to /125.
	Prefix4, Prefix6 netip.Prefix

	// Forbidden says that an address must never be pinned, whatever asks.
	Forbidden func(netip.Addr) bool

	// Now is the clock of Refusal.At and of pins; default time.Now.
	Now func() time.Time
}

func (c *Config) check() error {
	bad := func(field, format string, args ...any) error {
		return glovebox.Errorf(glovebox.KindInvalid, format, args...).On(field)
	}
	p4, p6 := c.Prefix4, c.Prefix6
	switch {
	case !filepath.IsAbs(c.Dir):
		return bad("dir", "%q is not an absolute path", c.Dir)
	case !p4.IsValid() || !p4.Addr().Is4() || p4.Bits() < 8 || p4.Bits() > 29 || p4 != p4.Masked():
		return bad("prefix4", "%q is not an IPv4 prefix of /8 to /29", p4)
	case !p6.IsValid() || !p6.Addr().Is6() || p6.Addr().Is4In6() || p6.Bits() < 48 || p6.Bits() > 125 || p6 != p6.Masked():
		return bad("prefix6", "%q is not an IPv6 prefix of /48 to /125", p6)
	case c.Forbidden == nil:
		return bad("forbidden", "no function that says which addresses are forbidden")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

// checkID refuses names that cannot be a file of their own.
func checkID(id string) error {
	ok := len(id) > 0 && len(id) <= 128 && id[0] != '.'
	for _, r := range id {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	}
	if !ok {
		return glovebox.Errorf(glovebox.KindInvalid, "%q is not a name of 1 to 128 letters, digits, dots, dashes and underscores", id).On("id")
	}
	return nil
}
