package fault

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
)

// Kth has one call meet a fate: the k-th of all, from 0.
func Kth(k int, fate Fate) Plan {
	return func(c Call) Fate {
		if c.All == k {
			return fate
		}
		return Works
	}
}

// Nth has one call of a name, by one process, meet a fate: the n-th, from 0.
func Nth(process, name string, n int, fate Fate) Plan {
	return func(c Call) Fate {
		if c.Process == process && c.Name == name && c.Of == n {
			return fate
		}
		return Works
	}
}

// Both is the first plan that has something in mind for a call.
func Both(plans ...Plan) Plan {
	return func(c Call) Fate {
		for _, p := range plans {
			if fate := p(c); fate != Works {
				return fate
			}
		}
		return Works
	}
}

// Odds are how many of 10,000 calls meet each fate.
type Odds struct{ Fail, Lose, Die int }

// Seeded has calls meet fates by chance. What becomes of a process's n-th call
// of a name depends on the seed alone, whoever else calls meanwhile.
func Seeded(seed uint64, odds func(Call) Odds) Plan {
	return func(c Call) Fate {
		o := odds(c)
		dice := Dice(seed, c.Process, c.Name, strconv.Itoa(c.Of))
		switch n := dice.IntN(10_000); {
		case n < o.Fail:
			return Fails
		case n < o.Fail+o.Lose:
			return Loses
		case n < o.Fail+o.Lose+o.Die:
			return []Fate{Dies, DiesAfter}[dice.IntN(2)]
		}
		return Works
	}
}

// Dice are the random numbers that belong to a seed and some words: always the
// same ones, whatever was drawn elsewhere.
func Dice(seed uint64, words ...string) *rand.Rand {
	h := fnv.New64a()
	for _, w := range words {
		_, _ = h.Write([]byte(w)) // never fails
		_, _ = h.Write([]byte{0})
	}
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
