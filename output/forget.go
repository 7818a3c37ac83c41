package output

import (
	"context"

	"glovebox"
)

// Forget removes all that is kept of a job: what every attempt wrote and left,
// its input, and what else is the job's, by the prefixes of its keys. Doing it
// again is fine.
func (l *Logs) Forget(ctx context.Context, job string, also ...string) error {
	for _, prefix := range append(also, Prefix(job)) {
		if err := l.remove(ctx, prefix); err != nil {
			return err
		}
	}
	return nil
}

// ForgetBefore removes what the attempts before the given one wrote: the last
// attempt's output is the job's.
func (l *Logs) ForgetBefore(ctx context.Context, job string, attempt int) error {
	for earlier := 1; earlier < attempt; earlier++ {
		if err := l.remove(ctx, attemptPrefix(job, earlier)); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes every key that begins with prefix. A key that comes into being
// meanwhile, by a write that was under way, may be left.
func (l *Logs) remove(ctx context.Context, prefix string) error {
	var keys []string
	err := l.blobs.List(ctx, prefix, func(key string, _ glovebox.BlobInfo) error {
		keys = append(keys, key)
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	return l.blobs.Delete(ctx, keys...)
}
