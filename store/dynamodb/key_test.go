package dynamodb

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPart: parts come back, sort as text does, and none is the beginning of
// another, so that two keys are equal only if all their parts are.
func TestPart(t *testing.T) {
	text := rapid.StringOf(rapid.RuneFrom([]rune{0, 1, 'a', 'b', 255, 'é'}))
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := text.Draw(t, "a"), text.Draw(t, "b"), text.Draw(t, "c")
		key := part(part(nil, a), c)
		got, rest := unpart(key)
		if then, end := unpart(rest); got != a || then != c || len(end) > 0 {
			t.Fatalf("%q %q came back as %q %q %q", a, c, got, then, end)
		}
		if got, want := bytes.Compare(part(nil, a), part(nil, b)), cmp.Compare(a, b); got != want {
			t.Fatalf("%q and %q sort %d, want %d", a, b, got, want)
		}
		if a != b && (bytes.HasPrefix(part(nil, a), part(nil, b)) || bytes.Equal(join('X', a, b), join('X', b, a))) {
			t.Fatalf("%q and %q can be taken for each other", a, b)
		}
	})
}

// TestNumber: numbers sort as bytes, also below zero.
func TestNumber(t *testing.T) {
	all := []int64{math.MinInt64, -1 << 40, -1, 0, 1, 255, 256, 1 << 40, math.MaxInt64}
	var keys [][]byte
	for _, n := range all {
		keys = append(keys, number(nil, n))
		if got := unnumber(number(nil, n)); got != n {
			t.Errorf("%d came back as %d", n, got)
		}
	}
	if !slices.IsSortedFunc(keys, bytes.Compare) {
		t.Errorf("out of order: %x", keys)
	}
}

// TestBefore: nothing that can be a sort key lies between a key and the one before.
func TestBefore(t *testing.T) {
	id := rapid.StringOfN(rapid.RuneFrom([]rune{0, 1, 'a', 'b', 'é'}), 1, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := place{7, id.Draw(t, "a")}.sort(), place{7, id.Draw(t, "b")}.sort()
		if got, want := bytes.Compare(b, before(a)) <= 0, bytes.Compare(b, a) < 0; got != want {
			t.Fatalf("%q is before %q: %v, want %v", b, a, got, want)
		}
	})
}

// unpart undoes part, and returns what follows.
func unpart(key []byte) (s string, rest []byte) {
	var out []byte
	for i := 0; i < len(key); i++ {
		if key[i] == 0 && i+1 < len(key) {
			if key[i+1] == 1 {
				return string(out), key[i+2:]
			}
			out = append(out, 0)
			i++
			continue
		}
		out = append(out, key[i])
	}
	return string(out), nil
}
