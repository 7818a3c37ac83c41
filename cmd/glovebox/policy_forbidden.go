package main

import (
	"net/netip"

	"glovebox/egress/filter"
)

// forbiddenAddress says whether no policy can open an address. The filter is
// asked again for each connection; here it only spares people a rule that could
// do nothing.
func forbiddenAddress(a netip.Addr) bool { return filter.Forbidden(a) }
