package metrics

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glovebox"
)

// scrapeTime bounds what a scrape asks of the store.
const scrapeTime = 3 * time.Second

// census counts the unfinished jobs as they are stored, at each scrape: what
// was counted along the way would drift with the first write that is missed. If
// the store does not answer in time the numbers are left out of the scrape.
//
// What runs is bounded by the nodes, but the queue may be long: beyond maxListed
// it is not read but taken from the process that keeps it.
type census struct {
	jobs    glovebox.Jobs
	waiting func() int // nil: always read
	now     func() time.Time
	status  *prometheus.Desc
	queue   *prometheus.Desc
	oldest  *prometheus.Desc
}

// maxListed is how many waiting jobs are read for a scrape.
const maxListed = 2000

func (m *Metrics) census(jobs glovebox.Jobs, waiting func() int) {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		m.define("gauge", name, help, labels)
		return prometheus.NewDesc(name, help, labels, nil)
	}
	c := &census{
		jobs: jobs, waiting: waiting, now: m.now,
		status: describe("glovebox_jobs", "jobs that are not archived, by status", "status"),
		queue:  describe("glovebox_queue_depth", "jobs that wait for their image or for room"),
		oldest: describe("glovebox_queue_oldest_seconds", "how long the first of them has waited; 0 if none does; missing if very many do"),
	}
	if jobs != nil {
		m.registry.MustRegister(c)
	}
}

// Describe implements prometheus.Collector.
func (c *census) Describe(out chan<- *prometheus.Desc) {
	out <- c.status
	out <- c.queue
	out <- c.oldest
}

// Collect implements prometheus.Collector.
func (c *census) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	filter := glovebox.JobFilter{Tenant: glovebox.AnyTenant, Unfinished: true, Limit: 1000}
	long := c.waiting != nil && c.waiting() > maxListed
	if long {
		filter.Statuses = slices.DeleteFunc(glovebox.Statuses(), func(s glovebox.Status) bool {
			return s == glovebox.StatusPending || s == glovebox.StatusArchived
		})
	}
	count, oldest, err := c.count(ctx, filter)
	if err != nil {
		return // glovebox_store_errors_total tells of it
	}
	if long {
		count[glovebox.StatusPending] = c.waiting()
	} else {
		age := 0.0
		if !oldest.IsZero() {
			age = max(0, c.now().Sub(oldest).Seconds())
		}
		out <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, age)
	}
	for _, s := range glovebox.Statuses() {
		if s != glovebox.StatusArchived {
			out <- prometheus.MustNewConstMetric(c.status, prometheus.GaugeValue, float64(count[s]), string(s))
		}
	}
	out <- prometheus.MustNewConstMetric(c.queue, prometheus.GaugeValue, float64(count[glovebox.StatusPending]))
}

// count lists jobs and says how many are in each status, and since when the
// first of those that wait does.
func (c *census) count(ctx context.Context, filter glovebox.JobFilter) (count map[glovebox.Status]int, oldest time.Time, err error) {
	count = map[glovebox.Status]int{}
	for {
		page, err := c.jobs.ListJobs(ctx, filter)
		if err != nil {
			return nil, oldest, err
		}
		for _, j := range page.Jobs {
			count[j.Status]++
			if j.Status == glovebox.StatusPending && (oldest.IsZero() || j.CreatedAt.Before(oldest)) {
				oldest = j.CreatedAt
			}
		}
		if filter.Cursor = page.Next; filter.Cursor == "" {
			return count, oldest, nil
		}
	}
}
