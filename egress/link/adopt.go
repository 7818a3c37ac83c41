package link

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"reflect"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// whole says whether the kernel has exactly the table that write would write,
// whatever is in its sets.
func (t *table) whole() (bool, error) {
	tables, err := t.conn.ListTables()
	if err != nil {
		return false, fmt.Errorf("list tables: %w", err)
	}
	if len(tables) != 1 || tables[0].Name != t.table.Name || tables[0].Family != t.table.Family || tables[0].Flags != 0 {
		return false, nil
	}
	sets, err := t.conn.GetSets(t.table)
	if err != nil {
		return false, fmt.Errorf("list sets: %w", err)
	}
	for _, s := range sets {
		want := t.sets[s.Name]
		if want == nil || s.KeyType.Bytes != want.KeyType.Bytes || s.Concatenation != want.Concatenation ||
			s.HasTimeout != want.HasTimeout || s.Dynamic != want.Dynamic || s.IsMap || s.Size != want.Size {
			return false, nil
		}
	}
	found, err := t.conn.ListChainsOfTableFamily(t.table.Family)
	if err != nil {
		return false, fmt.Errorf("list chains: %w", err)
	}
	if len(sets) != len(t.sets) || len(found) != len(t.chains) {
		return false, nil
	}
	for i, c := range t.chains {
		if ok, err := t.sameChain(c, found[i]); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// sameChain compares with what the kernel says, in the order it was made.
func (t *table) sameChain(c chain, found *nftables.Chain) (bool, error) {
	want := c.inTable(t.table)
	if found.Name != want.Name || !reflect.DeepEqual(found.Hooknum, want.Hooknum) || !reflect.DeepEqual(found.Priority, want.Priority) ||
		!reflect.DeepEqual(found.Policy, want.Policy) || found.Type != want.Type {
		return false, nil
	}
	rules, err := t.conn.GetRules(t.table, found)
	if err != nil {
		return false, fmt.Errorf("list rules of %s: %w", c.name, err)
	}
	if len(rules) != len(c.rules) {
		return false, nil
	}
	for i, r := range c.rules {
		digest, err := digestOf(r)
		if err != nil {
			return false, err
		}
		if !bytes.Equal(rules[i].UserData, digest) || !reflect.DeepEqual(bare(rules[i].Exprs), bare(r)) {
			return false, nil
		}
	}
	return true, nil
}

// digestOf is kept with each rule. It tells apart what cannot be read back:
// the library does not read socket and tproxy.
func digestOf(r rule) ([]byte, error) {
	h := sha256.New()
	for _, e := range r {
		b, err := expr.Marshal(byte(nftables.TableFamilyINet), e)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(h, "%T %d ", e, len(b))
		h.Write(b)
	}
	return h.Sum(nil)[:16], nil
}

// bare is a rule without what is only said on the way to the kernel, and
// what only the kernel says.
func bare(r rule) rule {
	var out rule
	for _, e := range r {
		switch e := e.(type) {
		case *expr.Socket, *expr.TProxy:
			continue
		case *expr.Counter:
			out = append(out, &expr.Counter{})
		case *expr.Lookup:
			c := *e
			c.SetID = 0
			out = append(out, &c)
		case *expr.Dynset:
			c := *e
			c.SetID, c.Exprs = 0, bare(e.Exprs)
			out = append(out, &c)
		case *expr.Log:
			c := *e
			c.Key &= 1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX | 1<<unix.NFTA_LOG_SNAPLEN
			out = append(out, &c)
		default:
			out = append(out, e)
		}
	}
	return out
}
