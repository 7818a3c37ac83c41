package api

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"glovebox"
	"glovebox/identity"
)

// burstTime is how long the answers 429 to one caller, or to one address, are
// told of by one event.
const burstTime = time.Minute

// Events of bursts a second, and at once, whoever has them: nobody can make the
// audit log grow by having many addresses.
const (
	burstRate = 10
	burstMost = 100
)

// installation has the audit events of those whom nobody knows.
const installation = "installation"

// bursts tells the audit log who comes too often: of the first answer at once,
// and of the others by their number, with the first of the next burst.
type bursts struct {
	now     func() time.Time
	log     *slog.Logger
	records glovebox.Records // nil: nobody is told
	by      *recent[string, *burst]
	all     *rate.Limiter
}

// burst is what was told of one caller.
type burst struct {
	mu   sync.Mutex
	at   time.Time
	held int // not told of since
}

func newBursts(c Config) *bursts {
	return &bursts{
		now: c.Now, log: c.Log, records: c.Records,
		by:  newRecent[string](remembered, func() *burst { return &burst{} }),
		all: rate.NewLimiter(burstRate, burstMost),
	}
}

// tell says whether one more is to be told of now, and how many were not since
// the last.
func (b *burst) tell(now time.Time, all *rate.Limiter) (held int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if since := now.Sub(b.at); since >= 0 && since < burstTime || !all.AllowN(now, 1) {
		b.held++
		return 0, false
	}
	held, b.held, b.at = b.held, 0, now
	return held, true
}

// note looks at what a request came to. It changes nothing about the answer.
func (b *bursts) note(r *http.Request, c identity.Caller, err error) {
	if b.records == nil || !pushedBack(err) {
		return
	}
	detail := map[string]string{"limit": known(err).Message}
	event := glovebox.AuditEvent{
		Tenant: c.Tenant, At: b.now(), Actor: c.Name, Action: "request.limit", Kind: glovebox.KindTooMany, Detail: detail,
	}
	key := nameOf(c)
	if c.Tenant == "" {
		event.Tenant, detail["address"] = installation, source(r).String()
		key = detail["address"]
	}
	held, ok := b.by.get(key).tell(event.At, b.all)
	if !ok {
		return
	}
	if held > 0 {
		detail["held"] = strconv.Itoa(held)
	}
	// Whoever hangs up at once is told of, too.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), callTime)
	defer cancel()
	if err := b.records.Commit(ctx, nil, event); err != nil {
		b.log.Warn("a burst of requests could not be written down", "err", err)
	}
}
