package sqlite

import (
	"errors"
	"slices"
	"testing"

	"glovebox"
	"glovebox/store/internal/record"
)

// TestEventsAreDurable: an update that is lazy without events is not with them.
func TestEventsAreDurable(t *testing.T) {
	s := openTest(t, tempPath(t))
	job := mustCreate(t, s, "a")
	for _, c := range []struct {
		events []glovebox.AuditEvent
		want   glovebox.Durability
	}{
		{nil, glovebox.Lazy}, {[]glovebox.AuditEvent{event("e")}, glovebox.Durable},
	} {
		hold, held := make(chan struct{}), make(chan struct{})
		first, second := make(chan error, 1), make(chan error, 1)
		go func() {
			first <- s.writer.do(ctx, glovebox.Durable, func(*statements) error {
				close(held)
				<-hold
				return nil
			})
		}()
		<-held
		go func() {
			_, err := s.UpdateJob(ctx, job, glovebox.Lazy, c.events...)
			second <- err
		}()
		one := <-s.writer.queue // out of the hands of the writer, which is held up
		if one.durability != c.want {
			t.Errorf("%d events: durability %v, want %v", len(c.events), one.durability, c.want)
		}
		one.done <- nil
		close(hold)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
	}
}

// TestAppendInBatch: in one transaction, events of a write that fails take no
// place in the chain, and those after it follow the ones before.
func TestAppendInBatch(t *testing.T) {
	s := openTest(t, tempPath(t))
	c := s.batch(t, map[string]error{"b": errors.New("oops")}, "a", "b", "c", "d")
	if got := eventsOf(t, s); !slices.Equal(got, []string{"a", "c", "d"}) {
		t.Errorf("events are %v", got)
	}
	for i, err := range c {
		if (err != nil) != (i == 1) {
			t.Errorf("write %d: %v", i, err)
		}
	}
}

// batch has events appended, one by each write, in one transaction, and each
// write return what is said for it.
func (s *Store) batch(t *testing.T, after map[string]error, actions ...string) (answers []error) {
	t.Helper()
	hold, held := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- s.writer.do(ctx, glovebox.Durable, func(*statements) error {
			close(held)
			<-hold
			return nil
		})
	}()
	<-held
	var all []*write
	for _, action := range actions {
		events, err := record.Events([]glovebox.AuditEvent{event(action)})
		if err != nil {
			t.Fatal(err)
		}
		one := &write{ctx: ctx, done: make(chan error, 1), run: func(t *statements) error {
			return errors.Join(t.append(events), after[action])
		}}
		all = append(all, one)
		if err := s.writer.put(one); err != nil {
			t.Fatal(err)
		}
	}
	close(hold)
	for _, one := range all {
		answers = append(answers, <-one.done)
	}
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	return answers
}
