package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"glovebox"
	"glovebox/store/memory"
)

// testModel runs random commands against the store and the reference model and
// wants the same answers. Names are few, so that commands meet.
func testModel(t *testing.T, open Open) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{got: open(t), want: memory.New(), clock: epoch}
		defer func() {
			if err := m.got.Close(); err != nil {
				rt.Errorf("close: %v", err)
			}
		}()
		rt.Repeat(map[string]func(*rapid.T){
			"create":         m.create,
			"create keyed":   m.createKeyed,
			"update":         m.update,
			"update more":    m.update, // often, to bring jobs through their lives
			"get":            m.get,
			"list":           m.list,
			"due":            m.due,
			"kept":           m.kept,
			"kept artifacts": m.keptArtifacts,
			"key":            m.jobOfKey,
			"delete":         m.delete,
			"commit":         m.commit,
			"commit more":    m.commit,
			"record":         m.record,
			"records":        m.records,
			"purge":          m.purge,
			"audit":          m.audit,
			"put image":      m.putImage,
			"drop image":     m.dropImage,
			"images":         m.images,
		})
		m.compareAll(rt)
	})
}

type model struct {
	got, want glovebox.Store
	clock     time.Time
}

var (
	someTenant  = rapid.SampledFrom([]string{alice, bob, "carol"})
	anyTenant   = rapid.SampledFrom([]string{alice, bob, "carol", "dave", glovebox.AnyTenant, glovebox.AnyTenant})
	someID      = rapid.Map(rapid.IntRange(0, 11), func(n int) string { return fmt.Sprintf("job-%d", n) })
	someStatus  = rapid.SampledFrom(glovebox.Statuses())
	someOutcome = rapid.SampledFrom([]glovebox.Status{"", glovebox.StatusCompleted, glovebox.StatusFailed, glovebox.StatusCancelled})
	someNode    = rapid.SampledFrom([]string{"", "", "n1", "n2"})
	someLabels  = rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", ""}), rapid.SampledFrom([]string{"1", "2", ""}), 0, 3)
	someImage   = rapid.SampledFrom([]string{"one", "two", "three"})
)

// same asks both stores and compares what they say.
func same[T any](t *rapid.T, m *model, what string, ask func(glovebox.Store) (T, error)) T {
	t.Helper()
	got, gotErr := ask(m.got)
	want, wantErr := ask(m.want)
	if a, b := brief(gotErr), brief(wantErr); a != b {
		t.Fatalf("%s: got error %q (%v), want %q (%v)", what, a, gotErr, b, wantErr)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got  %s\n want %s", what, show(got), show(want))
	}
	return want
}

// brief is the part of an error that callers act on.
func brief(err error) string {
	if err == nil {
		return ""
	}
	e := glovebox.AsError(err)
	return string(e.Kind) + " " + e.Field
}

type created struct {
	Job   glovebox.Job
	Fresh bool
}

func (m *model) create(t *rapid.T) {
	job := m.drawJob(t)
	job.CreatedAt = m.clock.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "ago")))
	m.createBoth(t, job, nil)
}

// createKeyed goes by a clock that never runs back: how long a key is
// remembered past its expiry is the store's business.
func (m *model) createKeyed(t *rapid.T) {
	m.clock = m.clock.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "passed")))
	job := m.drawJob(t)
	job.CreatedAt = m.clock
	m.createBoth(t, job, &glovebox.IdempotencyKey{
		Key:         rapid.SampledFrom([]string{"k1", "k2"}).Draw(t, "key"),
		Fingerprint: rapid.SampledFrom([]string{"f", "f", "g"}).Draw(t, "fingerprint"),
		Expires:     m.clock.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "lives"))),
	})
}

func (m *model) createBoth(t *rapid.T, job glovebox.Job, k *glovebox.IdempotencyKey) {
	events := m.drawEvents(t)
	same(t, m, "create", func(s glovebox.Store) (created, error) {
		stored, fresh, err := s.CreateJob(context.Background(), job, k, events...)
		return created{stored, fresh}, err
	})
}

func (m *model) drawJob(t *rapid.T) glovebox.Job {
	job := glovebox.Job{ID: someID.Draw(t, "id"), Tenant: someTenant.Draw(t, "tenant")}
	m.vary(t, &job)
	return job
}

// vary changes what stores look at, and a field of free text.
func (m *model) vary(t *rapid.T, job *glovebox.Job) {
	job.Status = someStatus.Draw(t, "status")
	job.Outcome = someOutcome.Draw(t, "outcome")
	job.Node = someNode.Draw(t, "node")
	job.Spec.Labels = someLabels.Draw(t, "labels")
	job.Owner = rapid.StringN(0, 8, -1).Draw(t, "owner")
	job.Output.Stdout = rapid.SampledFrom([]int64{0, 0, 1, 70, 1 << 40}).Draw(t, "stdout")
	job.Output.Stderr = rapid.SampledFrom([]int64{0, 0, 3}).Draw(t, "stderr")
	job.Artifacts = rapid.SampledFrom([]*glovebox.Artifacts{nil, nil, {Bytes: 5, IndexBytes: 2}, {LeftOut: 1}}).Draw(t, "artifacts")
	job.Due = time.Time{}
	if rapid.Bool().Draw(t, "is due") {
		job.Due = m.clock.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "due")))
	}
}

func (m *model) update(t *rapid.T) {
	id := someID.Draw(t, "id")
	job, err := m.want.Job(context.Background(), glovebox.AnyTenant, id)
	if err != nil {
		job = glovebox.Job{ID: id, Tenant: alice}
	}
	m.vary(t, &job)
	job.Version += rapid.SampledFrom([]int64{0, 0, 0, 0, -1, 1}).Draw(t, "version")
	job.Attempt += rapid.SampledFrom([]int{0, 0, 0, 1, 1, -1}).Draw(t, "attempt")
	if rapid.IntRange(0, 9).Draw(t, "foreign") == 9 {
		job.Tenant = someTenant.Draw(t, "tenant")
	}
	d := glovebox.Durability(rapid.IntRange(0, 1).Draw(t, "durability"))
	events := m.drawEvents(t)
	same(t, m, "update", func(s glovebox.Store) (glovebox.Job, error) {
		return s.UpdateJob(context.Background(), job, d, events...)
	})
}

func (m *model) get(t *rapid.T) {
	tenant, id := anyTenant.Draw(t, "tenant"), someID.Draw(t, "id")
	same(t, m, "get", func(s glovebox.Store) (glovebox.Job, error) {
		return s.Job(context.Background(), tenant, id)
	})
}
