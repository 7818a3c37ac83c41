package agent

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox/internal/nodev1"
)

const maxSamples = 256

// count is what came of one template's pool so far.
type count struct {
	hits              int64
	misses            map[string]int64 // by reason
	refills, failures int64
	walls, cpus       samples[time.Duration] // of refills
	claims            samples[time.Duration] // from taking one to its command being started
}

func (c *count) miss(why string) {
	if c.misses == nil {
		c.misses = map[string]int64{}
	}
	c.misses[why]++
}

// status is the pools as they are reported; made anew a few times a second, at
// most. Nobody changes what it returns.
func (p *pool) status() []*nodev1.Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.told != nil && (!p.dirty || now.Sub(p.toldAt) < p.every/5) {
		return p.told
	}
	targets := p.targets(now)
	by := map[*stock]*nodev1.Pool{}
	p.told = make([]*nodev1.Pool, 0, len(p.stocks))
	for _, st := range p.stocks {
		told := &nodev1.Pool{
			Template: st.Name, Image: st.Image.Digest, Interpreter: st.Interpreter,
			Hits: st.hits, Misses: maps.Clone(st.misses), Refills: st.refills, Failures: st.failures,
			RefillWall: quantileOf(&st.walls, 0.5), RefillCpu: quantileOf(&st.cpus, 0.5),
			ClaimP50: quantileOf(&st.claims, 0.5), ClaimP95: quantileOf(&st.claims, 0.95),
		}
		if p.parker != nil {
			told.Floor, told.Ceiling, told.Target, told.Memory = int32(st.min), int32(st.max), int32(targets[st]), p.each()*int64(st.weight(p.each()))
		}
		by[st] = told
		p.told = append(p.told, told)
	}
	for _, s := range p.slots {
		told := by[s.of]
		told.Slots = append(told.Slots, &nodev1.Slot{Id: s.id, State: s.state, Since: timestamppb.New(s.since)})
	}
	for _, told := range p.told {
		slices.SortFunc(told.Slots, func(a, b *nodev1.Slot) int {
			return cmp.Or(a.GetSince().AsTime().Compare(b.GetSince().AsTime()), cmp.Compare(a.GetId(), b.GetId()))
		})
	}
	p.dirty, p.toldAt = false, now
	return p.told
}

// samples are the last few values of something.
type samples[T cmp.Ordered] struct {
	ring []T
	next int
}

func (s *samples[T]) empty() bool { return len(s.ring) == 0 }

func (s *samples[T]) add(v T) {
	if len(s.ring) < maxSamples {
		s.ring = append(s.ring, v)
		return
	}
	s.ring[s.next] = v
	s.next = (s.next + 1) % maxSamples
}

// quantile is the value that a share q of them does not exceed; zero if there
// are none.
func (s *samples[T]) quantile(q float64) T {
	var zero T
	if s.empty() {
		return zero
	}
	sorted := slices.Sorted(slices.Values(s.ring))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// quantileOf is one as it is reported, nil if there is nothing to report.
func quantileOf(s *samples[time.Duration], q float64) *durationpb.Duration {
	if s.empty() {
		return nil
	}
	return durationpb.New(s.quantile(q))
}
