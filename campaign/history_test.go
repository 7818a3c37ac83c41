package campaign

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"glovebox"
)

// history is what every process asked a store about jobs, what it was answered,
// and which of the calls were under way at the same time.
type history struct {
	clock atomic.Int64
	mu    sync.Mutex
	ops   []porcupine.Operation
}

func newHistory() *history { return &history{} }

// of returns a store as a process uses it, with what it says noted.
func (h *history) of(s glovebox.Store, process string) glovebox.Store {
	return &historian{s, h, int(process[0])}
}

type historian struct {
	glovebox.Store
	h      *history
	client int
}

// What was asked.
type question struct {
	kind    string // "create", "read", "update" or "delete"
	job     string
	version int64  // that the job must have
	sum     uint64 // of what is to be stored
}

// What was answered.
type answer struct {
	kind    glovebox.Kind // of the error; KindUnavailable and the like: nobody knows
	version int64
	sum     uint64
}

// noted is a question under way.
func (s *historian) noted(q question) func(job glovebox.Job, err error) {
	return s.notedSince(s.h.clock.Add(1), q)
}

func (s *historian) notedSince(began int64, q question) func(job glovebox.Job, err error) {
	return func(job glovebox.Job, err error) {
		a := answer{kind: glovebox.KindOf(err), version: job.Version, sum: sum(job)}
		ended := s.h.clock.Add(1)
		if unknown(a) {
			if q.kind == "read" {
				return
			}
			ended = math.MaxInt64 // it may take effect at any time
		}
		s.h.mu.Lock()
		defer s.h.mu.Unlock()
		s.h.ops = append(s.h.ops, porcupine.Operation{ClientId: s.client, Input: q, Call: began, Output: a, Return: ended})
	}
}

func unknown(a answer) bool {
	switch a.kind {
	case "", glovebox.KindStale, glovebox.KindNotFound, glovebox.KindConflict:
		return false
	}
	return true
}

// sum tells two versions of a job apart by all that is in them.
func sum(j glovebox.Job) uint64 {
	j.Version = 0
	text, _ := json.Marshal(j) // a stored job always has a form
	f := fnv.New64a()
	_, _ = f.Write(text)
	return f.Sum64()
}

func (s *historian) CreateJob(ctx context.Context, job glovebox.Job, key *glovebox.IdempotencyKey, events ...glovebox.AuditEvent) (glovebox.Job, bool, error) {
	began, q := s.h.clock.Add(1), question{kind: "create", job: job.ID, sum: sum(job)}
	stored, fresh, err := s.Store.CreateJob(ctx, job, key, events...)
	if err == nil && !fresh { // it was a question about another job
		q = question{kind: "read", job: stored.ID}
	}
	s.notedSince(began, q)(stored, err)
	return stored, fresh, err
}

func (s *historian) Job(ctx context.Context, tenant, id string) (glovebox.Job, error) {
	done := s.noted(question{kind: "read", job: id})
	job, err := s.Store.Job(ctx, tenant, id)
	done(job, err)
	return job, err
}

func (s *historian) UpdateJob(ctx context.Context, job glovebox.Job, d glovebox.Durability, events ...glovebox.AuditEvent) (glovebox.Job, error) {
	done := s.noted(question{kind: "update", job: job.ID, version: job.Version, sum: sum(job)})
	stored, err := s.Store.UpdateJob(ctx, job, d, events...)
	done(stored, err)
	return stored, err
}

func (s *historian) DeleteJob(ctx context.Context, tenant, id string, version int64, events ...glovebox.AuditEvent) error {
	done := s.noted(question{kind: "delete", job: id, version: version})
	err := s.Store.DeleteJob(ctx, tenant, id, version, events...)
	done(glovebox.Job{}, err)
	return err
}

// row is a job as a store that does one thing after the other has it.
type row struct {
	there   bool
	version int64
	sum     uint64
}

// model says what a store may answer, and what it holds then. What nobody knows
// the outcome of was done or not.
var model = (&porcupine.NondeterministicModel{
	Partition: byJob,
	Init:      func() []any { return []any{row{}} },
	Step: func(state, input, output any) []any {
		was, q, a := state.(row), input.(question), output.(answer)
		if unknown(a) {
			if is, ok := was.after(q); ok {
				return []any{was, is}
			}
			return []any{was}
		}
		if is, ok := was.answers(q, a); ok {
			return []any{is}
		}
		return nil
	},
	Equal: func(a, b any) bool { return a == b },
}).ToModel()

// after is the row once a question was carried out; false if it cannot be.
func (r row) after(q question) (row, bool) {
	switch q.kind {
	case "create":
		return row{true, 1, q.sum}, !r.there
	case "update":
		return row{true, r.version + 1, q.sum}, r.there && r.version == q.version
	case "delete":
		return row{}, r.there && r.version == q.version
	}
	return r, true
}

// answers is the row after an answer that is known; false if it cannot be right.
func (r row) answers(q question, a answer) (row, bool) {
	switch a.kind {
	case glovebox.KindNotFound:
		return r, !r.there
	case glovebox.KindStale:
		return r, r.there && r.version != q.version
	case glovebox.KindConflict: // it exists, or is not archived
		return r, r.there
	}
	is, ok := r.after(q)
	if q.kind == "read" {
		return r, r == row{true, a.version, a.sum}
	}
	return is, ok && (q.kind == "delete" || is.version == a.version && is.sum == a.sum)
}

func byJob(ops []porcupine.Operation) [][]porcupine.Operation {
	jobs := map[string][]porcupine.Operation{}
	for _, op := range ops {
		id := op.Input.(question).job
		jobs[id] = append(jobs[id], op)
	}
	var all [][]porcupine.Operation
	for _, of := range jobs {
		all = append(all, of)
	}
	return all
}

// linear checks that all that was answered could have come one after the other.
// It must be called outside of a bubble: it takes real time.
func (h *history) linear(t testing.TB) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	switch porcupine.CheckOperationsTimeout(model, h.ops, time.Minute) {
	case porcupine.Illegal:
		t.Errorf("the store's %d answers are not linearizable", len(h.ops))
		for _, of := range byJob(h.ops) {
			if !porcupine.CheckOperations(model, of) {
				for _, op := range of {
					t.Logf("%d-%d %c: %+v: %+v", op.Call, op.Return, rune(op.ClientId), op.Input, op.Output)
				}
			}
		}
	case porcupine.Unknown:
		t.Errorf("whether the store's %d answers are linearizable could not be found out within a minute", len(h.ops))
	}
}
