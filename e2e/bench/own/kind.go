// Package own runs jobs by the product itself: handed in over TLS by somebody
// with a passkey's session and a key that proves each request, accepted durably,
// and read back as they write.
package own

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"time"

	"glovebox"
	"glovebox/client"
)

// Kind is where a job's sandbox comes from.
type Kind string

// The kinds that are measured.
const (
	Cold     Kind = "cold"     // no pool
	Template Kind = "template" // a sandbox of the job's image waits
	Generic  Kind = "generic"  // a sandbox waits that takes any image
)

// arguments are what the `glovebox up` of program takes to keep sandboxes of a
// kind, and no others; an error where it cannot.
func arguments(ctx context.Context, program string, k Kind) ([]string, error) {
	help, err := exec.CommandContext(ctx, program, "up", "--help").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s up --help: %w: %s", program, err, help)
	}
	pooled := bytes.Contains(help, []byte("--pool-max"))
	switch {
	case k == Cold && pooled:
		return []string{"--pool-max", "0"}, nil
	case k == Cold:
		return nil, nil
	case pooled:
		return nil, nil // that of any machine
	}
	return nil, fmt.Errorf("no %s pool yet", k)
}

// filled waits until every pool that counts for the kind is full.
func (s *Service) filled(ctx context.Context) error {
	if s.Kind == Cold {
		return nil
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		pools, err := s.Client.Pools(ctx)
		if err != nil {
			return err
		}
		if s.Kind.full(pools) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the pool of kind %s does not fill: %+v", s.Kind, pools)
		}
	}
}

// full says whether there is a pool of the kind, and all that count for it have
// as many parked as they should.
func (k Kind) full(pools []client.Pool) bool {
	found := false
	for _, p := range pools {
		parked := 0
		for _, slot := range p.Slots {
			if slot.State == "parked" {
				parked++
			}
		}
		if parked < k.least(p) {
			return false
		}
		found = found || p.Template != glovebox.PoolNetwork && k.least(p) > 0
	}
	return found
}

// least is how many of a pool have to wait: what a pool of the kind has at
// least, and one in any case; one of those with a network, once a job has asked
// for it; none of the others.
func (k Kind) least(p client.Pool) int {
	switch {
	case p.Template == glovebox.PoolNetwork:
		return min(1, p.Target)
	case (p.Template == glovebox.PoolGeneric) == (k == Generic):
		return max(1, p.Floor)
	}
	return 0
}
