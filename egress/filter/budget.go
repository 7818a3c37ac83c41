package filter

import "sync/atomic"

// budget is what a rule's bytes are counted against, by all connections of the
// rule in a slot. It outlives changes of the policy that keep the rule.
type budget struct {
	limit atomic.Int64 // 0 = no bound
	used  atomic.Int64
}

func (b *budget) bounded() bool { return b.limit.Load() > 0 }

// take counts n bytes and returns how many of them may pass.
func (b *budget) take(n int) int {
	limit := b.limit.Load()
	if limit <= 0 {
		b.used.Add(int64(n))
		return n
	}
	for {
		used := b.used.Load()
		may := min(int64(n), max(limit-used, 0))
		if b.used.CompareAndSwap(used, used+may) {
			return int(may)
		}
	}
}

// spent says whether nothing more may pass.
func (b *budget) spent() bool {
	limit := b.limit.Load()
	return limit > 0 && b.used.Load() >= limit
}
