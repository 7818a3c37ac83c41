package dynamodb

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"glovebox"
)

// Client is what is used of the SDK's *dynamodb.Client.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	TransactGetItems(context.Context, *dynamodb.TransactGetItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactGetItemsOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Store is a glovebox.Store in a table. Use Open.
type Store struct {
	db     Client
	table  *string
	lines  lines
	closed atomic.Bool

	tenants sync.Map // those of which the table knows, by name
}

var _ glovebox.Store = (*Store)(nil)

// Open returns the store in a table that EnsureTable has made, or something else
// has made like it. Nothing is asked yet.
func Open(db Client, table string) *Store {
	return &Store{db: db, table: aws.String(table), lines: lines{waiting: map[string]*line{}}}
}

// Close makes later calls KindUnavailable. It does not wait for those that are
// under way. Closing twice is fine.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

// usable is asked at the beginning of each call.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return glovebox.Errorf(glovebox.KindUnavailable, "the store is closed")
	}
	return nil
}

// fault turns an error of the service into one of a kind. Errors that have one
// pass through; ctx's error comes before all.
func fault(ctx context.Context, err error, doing string) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, known := errors.AsType[*glovebox.Error](err); known {
		return err
	}
	return glovebox.Errorf(glovebox.KindUnavailable, "%s: %w", doing, err).
		Try("see whether the table exists and may be used, and whether the service can be reached")
}

// lines let writes of one process that would only meet in the service wait for
// each other here, in the order of names, so that no two wait in a circle.
type lines struct {
	mu      sync.Mutex
	waiting map[string]*line
}

type line struct {
	turn  chan struct{} // holds one token while somebody has the turn
	users int
}

// enter waits for the turn in the line of each name; names are sorted and differ.
// leave gives all back. If ctx ends first there is nothing to give back.
func (l *lines) enter(ctx context.Context, names []string) (leave func(), err error) {
	var held []string
	leave = func() {
		for _, name := range held {
			l.release(name, true)
		}
	}
	for _, name := range names {
		l.mu.Lock()
		one := l.waiting[name]
		if one == nil {
			one = &line{turn: make(chan struct{}, 1)}
			l.waiting[name] = one
		}
		one.users++
		l.mu.Unlock()
		select {
		case one.turn <- struct{}{}:
			held = append(held, name)
		case <-ctx.Done():
			l.release(name, false)
			leave()
			return nil, ctx.Err()
		}
	}
	return leave, nil
}

func (l *lines) release(name string, had bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.waiting[name]
	if had {
		<-one.turn
	}
	if one.users--; one.users == 0 {
		delete(l.waiting, name)
	}
}
