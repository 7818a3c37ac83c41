package filter_test

import (
	"net/netip"
	"testing"

	"glovebox/egress/filter"
)

func TestForbiddenAndPrivate(t *testing.T) {
	const (
		public    = "public"
		private   = "private"
		forbidden = "forbidden"
	)
	for in, want := range map[string]string{
		"8.8.8.8": public, "1.1.1.1": public, "100.63.255.255": public, "172.32.0.1": public, "169.253.255.255": public,
		"2606:4700::1111": public, "2a00:1450::1": public, "::ffff:8.8.8.8": public, "2002:808:808::1": public,
		"64:ff9b::808:808": public, "203.0.113.7": public, "192.0.2.1": public, "2001:db8::1": public,
		"2a00::5efe:8.8.8.8": public, "2001:4860:4860::8888": public,

		"10.0.0.1": private, "172.16.0.1": private, "172.31.255.255": private, "192.168.1.1": private,
		"100.64.0.1": private, "100.127.255.255": private, "fc00::1": private, "fd12:3456::1": private,
		"::ffff:10.0.0.1": private, "2002:a00:1::": private, "64:ff9b::10.0.0.1": private,
		"2a00::5efe:192.168.0.1": private, "2a00::200:5efe:10.1.2.3": private,
		"2001:0:0808:0808:0:0:f5ff:fffe": private, // Teredo, client 10.0.0.1

		"0.0.0.0": forbidden, "0.1.2.3": forbidden, "127.0.0.1": forbidden, "127.255.255.255": forbidden,
		"169.254.169.254": forbidden, "169.254.170.2": forbidden, "169.254.0.1": forbidden,
		"100.100.100.200": forbidden, "168.63.129.16": forbidden, "192.0.0.192": forbidden, "198.18.0.1": forbidden,
		"192.88.99.1": forbidden, "224.0.0.1": forbidden, "239.255.255.255": forbidden, "240.0.0.1": forbidden, "255.255.255.255": forbidden,
		"::": forbidden, "::1": forbidden, "fe80::1": forbidden, "fe80::1%eth0": forbidden, "febf::1": forbidden,
		"fec0::1": forbidden, "ff02::1": forbidden, "ff0e::1": forbidden, "100::1": forbidden, "4000::1": forbidden,
		"fd00:ec2::254": forbidden, "fd20:ce::254": forbidden, "fd00:42::42": forbidden,
		"::ffff:127.0.0.1": forbidden, "::ffff:169.254.169.254": forbidden, "::ffff:a9fe:a9fe": forbidden,
		"::127.0.0.1": forbidden, "::169.254.169.254": forbidden, "::8.8.8.8": forbidden,
		"::ffff:0:169.254.169.254": forbidden, "2002:a9fe:a9fe::1": forbidden, "2002:7f00:1::": forbidden,
		"64:ff9b::169.254.169.254": forbidden, "64:ff9b::7f00:1": forbidden, "64:ff9b:1::169.254.169.254": forbidden,
		"64:ff9b::100.100.100.200": forbidden, "fd00::5efe:169.254.169.254": forbidden,
		"2a00::5efe:127.0.0.1": forbidden, "2a00::200:5efe:169.254.169.254": forbidden,
		"2001:0:7f00:1::":              forbidden, // Teredo, server 127.0.0.1
		"2001:0:808:808:0:0:5601:5601": forbidden, // Teredo, client 169.254.169.254
		"2001:0:808:808:0:0:80ff:fffe": forbidden, // Teredo, client 127.0.0.1
		"2001:2::1":                    forbidden, "2001:10::1": forbidden, "2001:20::1": forbidden,
	} {
		a := netip.MustParseAddr(in)
		got := public
		if filter.Private(a) {
			got = private
		}
		if filter.Forbidden(a) {
			got = forbidden
		}
		if got != want {
			t.Errorf("%s is %s, not %s", in, got, want)
		}
	}
	if !filter.Forbidden(netip.Addr{}) {
		t.Error("what is no address is not forbidden")
	}
}
