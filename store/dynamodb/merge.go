package dynamodb

import (
	"bytes"
	"context"

	"glovebox/store/internal/listing"
)

// merger walks several lists at the same time, the newest job of all first.
type merger struct {
	store *Store
	lists []*walker
	skip  []byte // the place that a page begins after
}

// walker is a list as far as it was read.
type walker struct {
	span  span
	read  []place // not taken yet
	ended bool
}

func (s *Store) merge(lists [][]byte, from, to []byte, page listing.Page) *merger {
	m := &merger{store: s}
	for _, pk := range lists {
		w := &walker{span: inTable(pk, from, to)}
		w.span.backwards = true
		// The page is spread over the lists; a little more, and one read is enough.
		w.span.page = min(max(2*(page.Limit+1)/len(lists), 16), 1000)
		m.lists = append(m.lists, w)
	}
	if page.After != nil {
		m.skip = place{page.After.Created, page.After.ID}.sort()
	}
	return m
}

// next returns up to n places, none at the end.
func (m *merger) next(ctx context.Context, n int) (places []place, err error) {
	for len(places) < n {
		var newest *walker
		for _, w := range m.lists {
			if err := m.fill(ctx, w); err != nil {
				return nil, err
			}
			if len(w.read) > 0 && (newest == nil || bytes.Compare(w.read[0].sort(), newest.read[0].sort()) > 0) {
				newest = w
			}
		}
		if newest == nil {
			return places, nil
		}
		places = append(places, newest.read[0])
		newest.read = newest.read[1:]
	}
	return places, nil
}

// fill reads on in a list that has run out.
func (m *merger) fill(ctx context.Context, w *walker) error {
	if len(w.read) > 0 || w.ended {
		return nil
	}
	want, seen := w.span.page, 0
	err := m.store.each(ctx, w.span, func(it item) (bool, error) {
		sk := binOf(it, attrSK)
		seen++
		if !bytes.Equal(sk, m.skip) {
			w.read = append(w.read, placeOf(sk))
		}
		w.span.to = sk
		return seen < want, nil
	})
	if err != nil {
		return err
	}
	if seen < want {
		w.ended = true
	}
	if seen > 0 {
		w.span.to = before(w.span.to)
	}
	if len(w.read) == 0 && !w.ended {
		return m.fill(ctx, w)
	}
	return nil
}

// before is the last sort key that comes before another, among those that there
// can be: an id has no byte 0xff.
func before(sort []byte) []byte {
	b := bytes.Clone(sort)
	n := len(b) - 1
	if b[n] == 0 {
		return b[:n]
	}
	b[n]--
	return append(b, bytes.Repeat([]byte{255}, maxSK-len(b))...)
}
