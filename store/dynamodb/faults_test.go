package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"glovebox"
	"glovebox/store/dynamodb"
)

// faulty is a client in whose way something is put.
type faulty struct {
	dynamodb.Client
	mu sync.Mutex
	// write says what becomes of the n-th transaction: an error instead of it, or
	// after it.
	write func(n int) (before, after error)
	n     int
	batch int // answers to batches leave out all but so many, if it is above 0
}

// TransactWriteItems implements dynamodb.Client.
func (f *faulty) TransactWriteItems(ctx context.Context, in *sdk.TransactWriteItemsInput, o ...func(*sdk.Options)) (*sdk.TransactWriteItemsOutput, error) {
	f.mu.Lock()
	n := f.n
	f.n++
	f.mu.Unlock()
	var before, after error
	if f.write != nil {
		before, after = f.write(n)
	}
	if before != nil {
		return nil, before
	}
	out, err := f.Client.TransactWriteItems(ctx, in, o...)
	if err == nil && after != nil {
		return nil, after
	}
	return out, err
}

// BatchGetItem implements dynamodb.Client.
func (f *faulty) BatchGetItem(ctx context.Context, in *sdk.BatchGetItemInput, o ...func(*sdk.Options)) (*sdk.BatchGetItemOutput, error) {
	left := map[string]types.KeysAndAttributes{}
	for table, ask := range in.RequestItems {
		if f.batch > 0 && len(ask.Keys) > f.batch {
			rest := ask
			rest.Keys, ask.Keys = ask.Keys[f.batch:], ask.Keys[:f.batch]
			left[table], in.RequestItems[table] = rest, ask
		}
	}
	out, err := f.Client.BatchGetItem(ctx, in, o...)
	if err == nil && len(left) > 0 {
		out.UnprocessedKeys = left
	}
	return out, err
}

func cancelled(code string) error {
	return &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: aws.String("None")}, {Code: aws.String(code)}}}
}

// TestInTheWay: a transaction that met another, or was throttled, is tried again
// until it goes through, and takes effect once.
func TestInTheWay(t *testing.T) {
	db := local(t)
	for name, err := range map[string]error{
		"conflict": cancelled("TransactionConflict"), "throttled": cancelled("ThrottlingError"),
		"throughput": &types.ProvisionedThroughputExceededException{}, "limit": &types.RequestLimitExceeded{},
		"throttled whole": &smithy.GenericAPIError{Code: "ThrottlingException"},
	} {
		f := &faulty{Client: db, write: func(n int) (error, error) {
			if n < 4 {
				return err, nil
			}
			return nil, nil
		}}
		s := dynamodb.Open(f, newTable(t, db))
		job := glovebox.Job{ID: "j", Tenant: "alice", CreatedAt: time.Unix(1, 0)}
		if _, _, err := s.CreateJob(t.Context(), job, nil, event("alice", "a")); err != nil || f.n != 5 {
			t.Errorf("%s: %v after %d tries", name, err, f.n)
		}
		if got := chainOf(t, s, "alice"); got != 1 {
			t.Errorf("%s: %d events", name, got)
		}
	}
}

// TestForEver: what stays in the way ends with ctx, or as unavailable.
func TestForEver(t *testing.T) {
	db := local(t)
	f := &faulty{Client: db, write: func(int) (error, error) { return cancelled("TransactionConflict"), nil }}
	s := dynamodb.Open(f, newTable(t, db))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := s.Commit(ctx, []glovebox.Write{{Kind: "k", Key: "a", Value: []byte("v")}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	f.write = func(int) (error, error) { return cancelled("ValidationError"), nil }
	if err := s.Commit(t.Context(), []glovebox.Write{{Kind: "k", Key: "a", Value: []byte("v")}}); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Errorf("got %v", err)
	}
}

// TestLostReply: the caller of a write whose reply was lost cannot know, and finds
// out by its version.
func TestLostReply(t *testing.T) {
	db := local(t)
	f := &faulty{Client: db, write: func(n int) (error, error) {
		if n == 1 {
			return nil, errors.New("connection reset by peer")
		}
		return nil, nil
	}}
	s := dynamodb.Open(f, newTable(t, db))
	job, _, err := s.CreateJob(t.Context(), glovebox.Job{ID: "j", Tenant: "alice", CreatedAt: time.Unix(1, 0)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateJob(t.Context(), job, glovebox.Durable, event("alice", "a")); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Errorf("lost: %v", err)
	}
	if _, err := s.UpdateJob(t.Context(), job, glovebox.Durable, event("alice", "a")); glovebox.KindOf(err) != glovebox.KindStale {
		t.Errorf("again: %v", err)
	}
	if n := chainOf(t, s, "alice"); n != 1 {
		t.Errorf("%d events", n)
	}
}

// TestUnprocessed: what a batch leaves out is asked for again.
func TestUnprocessed(t *testing.T) {
	db := local(t)
	f := &faulty{Client: db, batch: 3}
	s := dynamodb.Open(f, newTable(t, db))
	for n := range 10 {
		if _, _, err := s.CreateJob(t.Context(), glovebox.Job{ID: fmt.Sprint("j", n), Tenant: "alice", CreatedAt: time.Unix(int64(n), 0)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.ListJobs(t.Context(), glovebox.JobFilter{Tenant: "alice"})
	if err != nil || len(page.Jobs) != 10 || page.Jobs[0].ID != "j9" {
		t.Errorf("%d jobs, %v", len(page.Jobs), err)
	}
}

// TestTwoProcesses: two stores over one table, which know nothing of each other,
// keep one chain and one version of each job.
func TestTwoProcesses(t *testing.T) {
	db := local(t)
	table := newTable(t, db)
	stores := []*dynamodb.Store{dynamodb.Open(db, table), dynamodb.Open(db, table)}
	if _, _, err := stores[0].CreateJob(t.Context(), glovebox.Job{ID: "j", Tenant: "alice", CreatedAt: time.Unix(1, 0)}, nil); err != nil {
		t.Fatal(err)
	}
	const each = 15
	var wg sync.WaitGroup
	for _, s := range stores {
		for range 2 {
			wg.Go(func() {
				for done := 0; done < each; {
					job, err := s.Job(t.Context(), "alice", "j")
					if err == nil {
						job.Output.Stdout++
						_, err = s.UpdateJob(t.Context(), job, glovebox.Durable, event("alice", "add"))
					}
					switch glovebox.KindOf(err) {
					case "":
						done++
					case glovebox.KindStale:
					default:
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	job, err := stores[1].Job(t.Context(), "alice", "j")
	if err != nil || job.Output.Stdout != 4*each || job.Version != 4*each+1 {
		t.Errorf("%+v at version %d, %v", job.Output, job.Version, err)
	}
	if n := chainOf(t, stores[0], "alice"); n != 4*each {
		t.Errorf("%d events", n)
	}
	if kept, err := stores[0].KeptOutput(t.Context(), "alice"); err != nil || kept != 4*each {
		t.Errorf("%d bytes are kept, %v", kept, err)
	}
}

// TestSpill: a job too large for one item comes back whole while it grows and
// shrinks under its readers, and one too large for a transaction is refused.
func TestSpill(t *testing.T) {
	db := local(t)
	s := dynamodb.Open(db, newTable(t, db))
	job, _, err := s.CreateJob(t.Context(), glovebox.Job{ID: "j", Tenant: "alice", CreatedAt: time.Unix(1, 0)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			// Each version has as many bytes as its owner says.
			if got, err := s.Job(t.Context(), "alice", "j"); err != nil || got.Owner != "" && got.Owner != fmt.Sprint(len(got.Spec.Stdin)) {
				t.Errorf("owner %s, %d bytes, %v", got.Owner, len(got.Spec.Stdin), err)
			}
		}
	})
	for _, size := range []int{10, 600_000, 100, 1_500_000, 900_000, 0, 300_000} {
		job.Spec.Stdin, job.Owner = make([]byte, size), fmt.Sprint(size)
		if job, err = s.UpdateJob(t.Context(), job, glovebox.Durable); err != nil {
			t.Fatal(size, err)
		}
		page, err := s.ListJobs(t.Context(), glovebox.JobFilter{Tenant: "alice"})
		if err != nil || len(page.Jobs) != 1 || len(page.Jobs[0].Spec.Stdin) != size {
			t.Errorf("%d bytes: listed %d, %v", size, len(page.Jobs), err)
		}
	}
	close(stop)
	wg.Wait()
	job.Spec.Stdin = make([]byte, 4<<20)
	if _, err := s.UpdateJob(t.Context(), job, glovebox.Durable); glovebox.KindOf(err) != glovebox.KindTooLarge {
		t.Errorf("far too large: %v", err)
	}
	var writes []glovebox.Write
	for n := range 20 {
		writes = append(writes, glovebox.Write{Kind: "k", Key: fmt.Sprint(n), Value: make([]byte, 256<<10)})
	}
	if err := s.Commit(t.Context(), writes); glovebox.KindOf(err) != glovebox.KindTooLarge || glovebox.AsError(err).Hint == "" {
		t.Errorf("too much at one time: %v", err)
	}
}

func event(tenant, action string) glovebox.AuditEvent {
	return glovebox.AuditEvent{Tenant: tenant, At: time.Unix(1, 0), Action: action, OK: true}
}

// chainOf checks a tenant's chain and returns how long it is.
func chainOf(t *testing.T, s glovebox.Audit, tenant string) int {
	t.Helper()
	events, err := s.AuditEvents(t.Context(), glovebox.AuditFilter{Tenant: tenant, Limit: 1000})
	if err == nil {
		err = glovebox.VerifyChain(events)
	}
	if err != nil {
		t.Error(err)
	}
	return len(events)
}
