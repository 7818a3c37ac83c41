package link

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/nftables"
	rt "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"glovebox"
)

// TestAdopt: what one process made, the next one finds, with connections and
// pins.
func TestAdopt(t *testing.T) {
	n := start(t, config(t))
	a := n.slot(t, "a")
	n.pin(t, "a", time.Minute, out4)
	c := reaches(t, a, out4)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.echo("while nobody is there"); err != nil {
		t.Error(err)
	}
	n.Router = open(t, n.config)
	if got, err := n.Slot("a"); err != nil || got != a {
		t.Errorf("slot a is %+v, %v", got, err)
	}
	if err := c.echo("afterwards"); err != nil {
		t.Error(err)
	}
	reaches(t, a, out4)
	refuses(t, a, out6)
	if err := n.UnpinAll(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	refuses(t, a, out4) // the pin was known
	b := n.slot(t, "b")
	if b.Addr4 == a.Addr4 || b.Link == a.Link {
		t.Errorf("b has what a has: %+v", b)
	}
}

// TestAdoptRepairs: rules and knobs that are not what they should be are made
// so, and nothing is open meanwhile or afterwards.
func TestAdoptRepairs(t *testing.T) {
	lax := nftables.ChainPolicyAccept
	for _, x := range []struct {
		name string
		harm func(t *testing.T, n *node)
	}{
		{"a rule too many", func(t *testing.T, n *node) {
			n.rules.conn.InsertRule(&nftables.Rule{Table: n.rules.table, Chain: &nftables.Chain{Name: "arrive", Table: n.rules.table}, Exprs: accept()})
		}},
		{"a rule changed", func(t *testing.T, n *node) {
			chain := &nftables.Chain{Name: "input", Table: n.rules.table}
			rules, err := n.rules.conn.GetRules(n.rules.table, chain)
			if err != nil {
				t.Fatal(err)
			}
			n.rules.conn.ReplaceRule(&nftables.Rule{Table: n.rules.table, Chain: chain, Handle: rules[0].Handle, Exprs: accept(), UserData: rules[0].UserData})
		}},
		{"a policy", func(t *testing.T, n *node) {
			n.rules.conn.AddChain(&nftables.Chain{Name: "forward", Table: n.rules.table, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter, Policy: &lax})
		}},
		{"another table", func(t *testing.T, n *node) {
			n.rules.conn.AddTable(&nftables.Table{Name: "other", Family: nftables.TableFamilyIPv4})
		}},
		{"no table", func(t *testing.T, n *node) { n.rules.conn.DelTable(n.rules.table) }},
		{"a foreign element", func(t *testing.T, n *node) {
			if err := n.rules.conn.SetAddElements(n.rules.sets[ip4.slots], []nftables.SetElement{{Key: []byte(linkKey(linkName(1)) + "\x08\x08\x08\x08")}}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			n := start(t, config(t))
			a := n.slot(t, "a")
			n.pin(t, "a", time.Minute, out4)
			x.harm(t, n)
			if err := n.rules.conn.Flush(); err != nil {
				t.Fatal(err)
			}
			if err := inside(n.ns, func() error { return turn([]knob{{"ipv4/ip_forward", "1"}, {"ipv6/conf/all/forwarding", "1"}}) }); err != nil {
				t.Fatal(err)
			}
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			n.Router = open(t, n.config)
			if whole, err := n.rules.whole(); !whole || err != nil {
				t.Errorf("the rules are not repaired: %v", err)
			}
			for _, e := range must(n.rules.entries(ip4.slots, ip6.slots))(t) {
				if !slices.Contains(n.slotElements(1), e.element) {
					t.Errorf("a foreign element stays: %+v", e)
				}
			}
			for _, name := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
				err := inside(n.ns, func() error {
					b, err := os.ReadFile("/proc/sys/net/" + name)
					if err == nil && string(b) != "0\n" {
						err = fmt.Errorf("%s is %s", name, b)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
			if err := n.Raise(t.Context(), "a"); err != nil { // without the table, nobody knows that it was
				t.Fatal(err)
			}
			refuses(t, a, out6)
			n.pin(t, "a", time.Minute, out4)
			reaches(t, a, out4)
		})
	}
}

func must[T any](x T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

// TestHalfMade: slots that were cut off while they were made are listed, can be
// removed, and do not keep the next process from starting.
func TestHalfMade(t *testing.T) {
	n := start(t, config(t))
	n.slot(t, "whole")
	if err := os.WriteFile(n.slotPath("file"), nil, 0o400); err != nil {
		t.Fatal(err)
	}
	ns, err := newNamespace(n.slotPath("namespace"), func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	ns.Close()
	attrs := rt.NewLinkAttrs()
	attrs.Name = linkName(500)
	if err := n.links.LinkAdd(&rt.Veth{LinkAttrs: attrs, PeerName: "peer500"}); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(n.config)
	kind(t, "a link that is not ours", err, glovebox.KindConflict) // the peer is in the router, and has no name of a slot
	h, err := handleIn(must(openNamespace(n.routerPath()))(t))
	if err != nil {
		t.Fatal(err)
	}
	peer, err := h.LinkByName("peer500")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.LinkSetName(peer, linkName(501)); err != nil {
		t.Fatal(err)
	}
	h.Close()
	n.Router = open(t, n.config)
	if got := must(n.List())(t); !slices.Equal(got, []string{"file", "namespace", "whole"}) {
		t.Errorf("the slots are %q", got)
	}
	_, err = n.Make(t.Context(), "file")
	kind(t, "make what is half there", err, glovebox.KindConflict)
	kind(t, "raise what is half there", n.Raise(t.Context(), "file"), glovebox.KindNotFound)
	for _, id := range []string{"file", "namespace", "whole", "whole", "never"} {
		if err := n.Remove(id); err != nil {
			t.Errorf("remove %s: %v", id, err)
		}
	}
	if left := must(n.Residue(nil))(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestResidue: everything of a slot is found, each with its kind, and nothing
// of one that is live.
func TestResidue(t *testing.T) {
	n := start(t, config(t))
	a := n.slot(t, "a")
	n.slot(t, "b")
	n.pin(t, "a", time.Minute, out4, out6)
	refuses(t, a, other4)
	kinds := map[string]int{}
	for _, x := range must(n.Residue(map[string]bool{"b": true}))(t) {
		if x.Sandbox != "a" {
			t.Errorf("residue of %q: %+v", x.Sandbox, x)
		}
		kinds[x.Kind]++
	}
	if kinds["namespace"] != 2 || kinds["file"] != 1 || kinds["nft"] != 6 { // two of slots, two pins, a count, a limit
		t.Errorf("residue of a slot: %v", kinds)
	}
	if left := must(n.Residue(map[string]bool{"a": true, "b": true}))(t); len(left) > 0 {
		t.Errorf("residue of live slots: %v", left)
	}
	if err := n.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if left := must(n.Residue(map[string]bool{"b": true}))(t); len(left) > 0 {
		t.Errorf("after Remove: %v", left)
	}
}

// TestNumbersGoRound: no two slots share addresses, and what was just given
// back comes last.
func TestNumbersGoRound(t *testing.T) {
	c := config(t)
	c.Prefix4 = netip.MustParsePrefix("10.77.0.0/28") // seven slots
	n := start(t, c)
	seen := map[netip.Addr]bool{}
	for i := range 7 {
		s, err := n.Make(t.Context(), fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		if seen[s.Addr4] || seen[s.Addr6] || !c.Prefix4.Contains(s.Addr4) || !c.Prefix6.Contains(s.Gateway6) {
			t.Errorf("slot %d has %+v", i, s)
		}
		seen[s.Addr4], seen[s.Addr6] = true, true
	}
	_, err := n.Make(t.Context(), "one more")
	kind(t, "an id that is no name", err, glovebox.KindInvalid)
	_, err = n.Make(t.Context(), "8")
	kind(t, "one too many", err, glovebox.KindTooMany)
	_, err = n.Make(t.Context(), "3")
	kind(t, "the same again", err, glovebox.KindConflict)
	for _, id := range []string{"5", "2"} {
		if err := n.Remove(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Close(); err != nil { // the next process goes on where this one was
		t.Fatal(err)
	}
	n.Router = open(t, c)
	if s := must(n.Make(t.Context(), "x"))(t); s.Link != linkName(3) {
		t.Errorf("x has %s, not the number that is free the longest way round", s.Link)
	}
	if err := n.Remove("x"); err != nil {
		t.Fatal(err)
	}
	if s := must(n.Make(t.Context(), "y"))(t); s.Link != linkName(6) {
		t.Errorf("y has %s, not the next free one", s.Link)
	}
}

// TestOneAtATime: one process has the folder, and one filter the sockets.
func TestOneAtATime(t *testing.T) {
	n := start(t, config(t))
	_, err := Open(n.config)
	kind(t, "a second router", err, glovebox.KindInUse)
	_, err = n.Sockets()
	kind(t, "second sockets", err, glovebox.KindInUse)
}

func TestConfigs(t *testing.T) {
	good := config(t)
	for field, harm := range map[string]func(*Config){
		"dir":       func(c *Config) { c.Dir = "relative" },
		"prefix4":   func(c *Config) { c.Prefix4 = netip.MustParsePrefix("10.0.0.0/30") },
		"prefix6":   func(c *Config) { c.Prefix6 = netip.MustParsePrefix("10.0.0.0/16") },
		"forbidden": func(c *Config) { c.Forbidden = nil },
	} {
		c := good
		harm(&c)
		_, err := Open(c)
		if e := (*glovebox.Error)(nil); !errors.As(err, &e) || e.Kind != glovebox.KindInvalid || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestNoWayOut: even a process in the router's namespace finds no way out.
func TestNoWayOut(t *testing.T) {
	n := start(t, config(t))
	n.slot(t, "a")
	for _, to := range []string{out4, out6, "169.254.169.254:80", "8.8.8.8:53"} {
		err := inside(n.ns, func() error {
			c, err := net.DialTimeout("tcp", to, time.Second)
			if err == nil {
				c.Close()
			}
			return err
		})
		if !errors.Is(err, unix.ENETUNREACH) {
			t.Errorf("dial %s from the router: %v", to, err)
		}
	}
}

// TestManyAtOnce: slots come and go side by side.
func TestManyAtOnce(t *testing.T) {
	n := start(t, config(t))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 5 {
				id := fmt.Sprintf("s%d-%d", i, j)
				s, err := n.Make(t.Context(), id)
				to := netip.MustParseAddrPort(out4)
				if err == nil {
					err = errors.Join(n.Raise(t.Context(), id), n.Pin(t.Context(), id, []Pin{{to.Addr(), to.Port(), time.Minute}}))
				}
				if err != nil {
					t.Error(err)
					return
				}
				if c, err := dial(t, s, "tcp", out4); err != nil {
					t.Error(err)
				} else {
					c.Close()
				}
				if err := n.Remove(id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if left := must(n.Residue(nil))(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if left := must(filepath.Glob(filepath.Join(n.slotsDir(), "*")))(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestSlotsIn: what is in the folder is told without opening it.
func TestSlotsIn(t *testing.T) {
	c := config(t)
	n := start(t, c)
	s := n.slot(t, "a")
	all, err := SlotsIn(c.Dir)
	if err != nil || len(all) != 1 || all["a"] != s.Netns {
		t.Errorf("%v, %v; want a at %s", all, err, s.Netns)
	}
	if all, err := SlotsIn(t.TempDir()); err != nil || len(all) != 0 {
		t.Errorf("of nothing: %v, %v", all, err)
	}
}
