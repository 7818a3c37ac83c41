package receipt

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"glovebox"
)

// Bounds of what is counted apart: events come from a node.
const (
	maxDecisions = 256
	maxWord      = 300
	maxEvent     = 512 << 10
)

// tally counts a stream of glovebox.NetEvents, a line of JSON each, in memory
// that is bounded by its size and by maxEvent. What it cannot read it counts,
// too. The error is the reader's.
func tally(r io.Reader, size int64) (Network, error) {
	var n Network
	counts := map[Decision]int64{}
	lines := bufio.NewReaderSize(r, int(min(size+1, maxEvent)))
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			n.Unread++
			for line = nil; errors.Is(err, bufio.ErrBufferFull); {
				_, err = lines.ReadSlice('\n')
			}
		}
		if len(line) > 0 {
			n.count(line, counts)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return Network{}, err
		}
	}
	for d, count := range counts {
		d.Count = count
		n.Decisions = append(n.Decisions, d)
	}
	slices.SortFunc(n.Decisions, func(a, b Decision) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(yes(b.Allowed), yes(a.Allowed)), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
	})
	return n, nil
}

func (n *Network) count(line []byte, counts map[Decision]int64) {
	var e glovebox.NetEvent
	if json.Unmarshal(line, &e) != nil {
		n.Unread++
		return
	}
	n.Missed += e.Missed
	if e.Type == glovebox.NetFinding || e.Type == glovebox.NetProfile {
		return // no decision; a job has its findings itself
	}
	if e.Type == glovebox.NetClose {
		n.Sent, n.Received = n.Sent+e.Sent, n.Received+e.Got
	}
	d := Decision{Type: clip(e.Type), Allowed: e.Allowed, Rule: clip(e.Rule), Reason: clip(e.Reason)}
	if _, ok := counts[d]; !ok && len(counts) >= maxDecisions {
		n.More++
		return
	}
	counts[d]++
}

func clip(s string) string { return s[:min(len(s), maxWord)] }

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}
