package campaign

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"glovebox/fault"
)

// weather is what the network between nodes and control does to requests while
// it is bad: it drops them or their replies, delays them, so that one overtakes
// another, delivers them twice, and delivers those that were given up long ago.
// What becomes of a node's n-th request of a kind depends on the seed alone.
type weather struct {
	w     *world
	seed  uint64
	clear time.Duration                 // since the world began: after it, nothing of this happens
	away  map[string][][2]time.Duration // when a node cannot be reached at all
	ended atomic.Bool
	n     atomic.Int64 // requests that something happened to
}

// over puts the weather over a node's connection.
func (h *weather) over(n *node, rt http.RoundTripper) http.RoundTripper {
	if h == nil {
		return rt
	}
	return &storm{weather: h, node: n.name, at: n.control.serving, under: rt, made: map[string]int{}}
}

func (h *weather) end() { h.ended.Store(true) }

func (h *weather) bad() bool { return !h.ended.Load() && h.w.since() < h.clear }

// unreachable says whether a node is cut off now.
func (h *weather) unreachable(node string) bool {
	now := h.w.since()
	for _, a := range h.away[node] {
		if h.bad() && a[0] <= now && now < a[1] {
			return true
		}
	}
	return false
}

// storm is the weather over one connection.
type storm struct {
	*weather
	node  string
	at    func() *life // that the node's requests go to
	under http.RoundTripper

	mu   sync.Mutex
	made map[string]int
}

// lot is what becomes of one request.
type lot struct {
	drop, lose, late bool
	out, back, again time.Duration
}

func (s *storm) draw(name string) lot {
	s.mu.Lock()
	n := s.made[name]
	s.made[name]++
	s.mu.Unlock()
	dice := fault.Dice(s.seed, "weather", s.node, name, strconv.Itoa(n))
	l := lot{drop: dice.IntN(100) < 5, lose: dice.IntN(100) < 5, late: dice.IntN(2) == 0, out: delay(dice), back: delay(dice)}
	if dice.IntN(100) < 15 {
		l.again = time.Duration(1+dice.IntN(3000)) * time.Millisecond
	}
	return l
}

// delay is mostly short, and sometimes long enough to be overtaken.
func delay(dice *rand.Rand) time.Duration {
	if dice.IntN(5) == 0 {
		return time.Duration(dice.IntN(2000)) * time.Millisecond
	}
	return time.Duration(dice.IntN(20)) * time.Millisecond
}

var errLost = errors.New("the network has lost it")

// RoundTrip implements http.RoundTripper.
func (s *storm) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.unreachable(s.node) {
		s.n.Add(1)
		rest(r.Context(), 500*time.Millisecond)
		return nil, errLost
	}
	if !s.bad() {
		return s.under.RoundTrip(r)
	}
	l := s.draw(path.Base(r.URL.Path))
	if l.drop || l.lose || l.again > 0 {
		s.n.Add(1)
	}
	var resp *http.Response
	var err error
	switch {
	case l.drop:
		rest(r.Context(), l.out)
		return nil, errLost
	case path.Base(r.URL.Path) == "Sync":
		resp, err = s.mail(r, l)
	default:
		rest(r.Context(), l.out)
		resp, err = s.under.RoundTrip(r)
	}
	if err != nil {
		return nil, err
	}
	rest(r.Context(), l.back)
	if l.lose || s.unreachable(s.node) {
		resp.Body.Close()
		return nil, errLost
	}
	return resp, nil
}

// mail puts a request that stands for itself into the network's hands: what
// becomes of it there does not depend on whether its sender still waits.
func (s *storm) mail(r *http.Request, l lot) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	type outcome struct {
		resp *http.Response
		err  error
	}
	came := make(chan outcome, 1)
	// It goes to the process that there is now, over a connection to it.
	r = r.WithContext(context.WithValue(r.Context(), addressee{}, s.at()))
	s.w.lives.Go(func() {
		time.Sleep(l.out)
		ctx, cancel := context.WithCancel(to(background, r))
		if r.Context().Err() == nil {
			defer context.AfterFunc(r.Context(), cancel)()
			resp, err := s.deliver(ctx, r, text)
			came <- outcome{resp, err}
		} else if l.late {
			s.drop(r, text)
		}
		cancel()
		if l.again > 0 {
			time.Sleep(l.again)
			s.drop(r, text)
		}
	})
	select {
	case o := <-came:
		return o.resp, o.err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// addressee is the process that a request was sent to.
type addressee struct{}

// to is a context with the addressee of a request.
func to(ctx context.Context, r *http.Request) context.Context {
	return context.WithValue(ctx, addressee{}, r.Context().Value(addressee{}))
}

// drop delivers a request whose reply nobody waits for.
func (s *storm) drop(r *http.Request, text []byte) {
	ctx, cancel := context.WithTimeout(to(background, r), 100*time.Millisecond)
	defer cancel()
	_, _ = s.deliver(ctx, r, text)
}

func (s *storm) deliver(ctx context.Context, r *http.Request, text []byte) (*http.Response, error) {
	req := r.Clone(ctx)
	req.Body = io.NopCloser(bytes.NewReader(text))
	resp, err := s.under.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(reply))
	return resp, nil
}

// rest lets time pass.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
