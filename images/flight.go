package images

import (
	"context"
	"sync"
)

// flights let callers that want the same thing at the same time share one call
// for it. The call goes on as long as one of them still waits.
type flights[T any] struct {
	mu     sync.Mutex
	flying map[string]*flight[T]
}

type flight[T any] struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	result  T
	err     error
}

func (f *flights[T]) do(ctx context.Context, key string, call func(context.Context) (T, error)) (T, error) {
	f.mu.Lock()
	fl := f.flying[key]
	if fl == nil {
		fl = f.start(ctx, key, call)
	}
	fl.waiting++
	f.mu.Unlock()
	select {
	case <-fl.done:
		return fl.result, fl.err
	case <-ctx.Done():
		f.leave(key, fl)
		var none T
		return none, context.Cause(ctx)
	}
}

// start is called with the lock held. The call has ctx's values, but not its end.
func (f *flights[T]) start(ctx context.Context, key string, call func(context.Context) (T, error)) *flight[T] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	fl := &flight[T]{cancel: cancel, done: make(chan struct{})}
	if f.flying == nil {
		f.flying = map[string]*flight[T]{}
	}
	f.flying[key] = fl
	go func() {
		defer cancel()
		fl.result, fl.err = call(ctx)
		f.mu.Lock()
		if f.flying[key] == fl {
			delete(f.flying, key)
		}
		f.mu.Unlock()
		close(fl.done)
	}()
	return fl
}

// leave ends the call if nobody waits for it any more; who comes now starts anew.
func (f *flights[T]) leave(key string, fl *flight[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.waiting--; fl.waiting == 0 {
		fl.cancel()
		if f.flying[key] == fl {
			delete(f.flying, key)
		}
	}
}
