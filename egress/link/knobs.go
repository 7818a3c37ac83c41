package link

import (
	"errors"
	"io/fs"
	"os"
)

// knob is a setting of the kernel in one network namespace: what it is called
// under /proc/sys/net, and its value.
type knob struct{ name, value string }

// routerKnobs make the router's namespace deaf: it forwards nothing, believes
// nobody about routes and neighbours, and answers no ping. They say again what
// the rules say, for the day that the rules are wrong.
var routerKnobs = []knob{
	{"ipv4/ip_forward", "0"},
	{"ipv4/conf/all/rp_filter", "1"},
	{"ipv4/conf/default/rp_filter", "1"},
	{"ipv4/conf/all/arp_ignore", "1"}, // no answer for what is not this link's
	{"ipv4/conf/default/arp_ignore", "1"},
	{"ipv4/conf/all/arp_accept", "0"},
	{"ipv4/conf/all/proxy_arp", "0"},
	{"ipv4/conf/default/proxy_arp", "0"},
	{"ipv4/conf/all/route_localnet", "0"},
	{"ipv4/conf/default/route_localnet", "0"},
	{"ipv4/conf/all/accept_source_route", "0"},
	{"ipv4/conf/all/accept_redirects", "0"},
	{"ipv4/conf/all/send_redirects", "0"},
	{"ipv4/conf/default/send_redirects", "0"},
	{"ipv4/icmp_echo_ignore_all", "1"},
	{"ipv4/icmp_ratelimit", "0"}, // the rules limit what is refused by ICMP; this would make it wait
	{"ipv6/icmp/ratelimit", "0"},
	{"ipv4/tcp_syncookies", "1"},
	{"ipv6/conf/all/disable_ipv6", "0"},
	{"ipv6/conf/all/forwarding", "0"},
	{"ipv6/conf/default/forwarding", "0"},
	{"ipv6/conf/default/accept_ra", "0"},
	{"ipv6/conf/default/autoconf", "0"},
	{"ipv6/conf/default/accept_redirects", "0"},
	{"ipv6/conf/default/accept_dad", "0"},
	{"ipv6/conf/default/addr_gen_mode", "1"}, // no link-local addresses
	{"core/somaxconn", "4096"},
}

// sandboxKnobs keep the sandbox's end silent and without addresses that nobody
// gave it.
var sandboxKnobs = []knob{
	{"ipv6/conf/all/disable_ipv6", "0"},
	{"ipv6/conf/default/accept_ra", "0"},
	{"ipv6/conf/default/autoconf", "0"},
	{"ipv6/conf/default/accept_dad", "0"},
	{"ipv6/conf/default/addr_gen_mode", "1"},
	{"ipv6/conf/default/router_solicitations", "0"},
}

// turn sets knobs in the namespace of the calling thread. One that this kernel
// does not have is left out: those that matter have been there for ten years.
func turn(knobs []knob) error {
	for _, k := range knobs {
		err := os.WriteFile("/proc/sys/net/"+k.name, []byte(k.value), 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
