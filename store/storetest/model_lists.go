package storetest

import (
	"context"
	"time"

	"pgregory.net/rapid"

	"glovebox"
)

func (m *model) drawFilter(t *rapid.T) glovebox.JobFilter {
	f := glovebox.JobFilter{
		Tenant:     anyTenant.Draw(t, "tenant"),
		Unfinished: rapid.Bool().Draw(t, "unfinished"),
		Limit:      rapid.IntRange(0, 4).Draw(t, "limit"),
	}
	if rapid.Bool().Draw(t, "by status") {
		f.Statuses = rapid.SliceOfN(someStatus, 1, 5).Draw(t, "statuses")
	}
	if rapid.IntRange(0, 2).Draw(t, "by outcome") == 0 {
		f.Outcomes = rapid.SliceOfN(someOutcome, 1, 3).Draw(t, "outcomes")
	}
	if rapid.Bool().Draw(t, "by node") {
		f.Node = someNode.Draw(t, "node")
	}
	if rapid.Bool().Draw(t, "by label") {
		f.Labels = someLabels.Draw(t, "labels")
	}
	for _, bound := range []*time.Time{&f.Since, &f.Until} {
		if rapid.IntRange(0, 2).Draw(t, "bounded") == 0 {
			*bound = m.clock.Add(time.Duration(rapid.IntRange(-6, 2).Draw(t, "bound")))
		}
	}
	return f
}

// list walks through all pages. Cursors are each store's own.
func (m *model) list(t *rapid.T) { m.walk(t, m.drawFilter(t)) }

func (m *model) walk(t *rapid.T, f glovebox.JobFilter) {
	cursors := map[glovebox.Store]string{}
	for range 100 {
		next := map[glovebox.Store]string{}
		more := map[glovebox.Store]bool{}
		same(t, m, "list", func(s glovebox.Store) ([]glovebox.Job, error) {
			f.Cursor = cursors[s]
			page, err := s.ListJobs(context.Background(), f)
			next[s], more[s] = page.Next, page.Next != ""
			return page.Jobs, err
		})
		if more[m.got] != more[m.want] {
			t.Fatalf("list %+v: another page %v, want %v", f, more[m.got], more[m.want])
		}
		if !more[m.want] {
			return
		}
		cursors = next
	}
	t.Fatalf("list %+v has no end", f)
}

func (m *model) due(t *rapid.T) {
	now := m.clock.Add(time.Duration(rapid.IntRange(-6, 6).Draw(t, "now")))
	limit := rapid.IntRange(0, 12).Draw(t, "limit")
	same(t, m, "due", func(s glovebox.Store) ([]glovebox.Job, error) {
		return s.DueJobs(context.Background(), now, limit)
	})
	same(t, m, "expired", func(s glovebox.Store) ([]glovebox.Job, error) {
		return s.ExpiredJobs(context.Background(), now, limit)
	})
}

func (m *model) putImage(t *rapid.T) {
	img := glovebox.Image{
		Tenant: someTenant.Draw(t, "tenant"), Name: someImage.Draw(t, "name"),
		Digest: rapid.StringN(0, 8, -1).Draw(t, "digest"),
	}
	same(t, m, "put image", func(s glovebox.Store) (any, error) {
		return nil, s.PutImage(context.Background(), img)
	})
}

func (m *model) dropImage(t *rapid.T) {
	tenant, name := anyTenant.Draw(t, "tenant"), someImage.Draw(t, "name")
	same(t, m, "drop image", func(s glovebox.Store) (any, error) {
		return nil, s.DeleteImage(context.Background(), tenant, name)
	})
}

func (m *model) images(t *rapid.T) {
	tenant, name := anyTenant.Draw(t, "tenant"), someImage.Draw(t, "name")
	same(t, m, "images", func(s glovebox.Store) ([]glovebox.Image, error) {
		return s.Images(context.Background(), tenant)
	})
	same(t, m, "image", func(s glovebox.Store) (glovebox.Image, error) {
		return s.Image(context.Background(), tenant, name)
	})
}

// compareAll looks at everything at the end of a sequence.
func (m *model) compareAll(t *rapid.T) {
	m.walk(t, glovebox.JobFilter{Tenant: glovebox.AnyTenant})
	m.compareRecords(t)
	m.walk(t, glovebox.JobFilter{Tenant: glovebox.AnyTenant, Unfinished: true})
	same(t, m, "due", func(s glovebox.Store) ([]glovebox.Job, error) {
		return s.DueJobs(context.Background(), m.clock.Add(time.Hour), 1000)
	})
	same(t, m, "images", func(s glovebox.Store) ([]glovebox.Image, error) {
		return s.Images(context.Background(), glovebox.AnyTenant)
	})
}
