package metrics

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type requests struct {
	count, bytes, limited *prometheus.CounterVec
	duration              *prometheus.HistogramVec
}

func (m *Metrics) newRequests() requests {
	return requests{
		count:    m.counter("glovebox_http_requests_total", "requests answered; status is its class, such as 2xx", "method", "route", "status"),
		duration: m.histogram("glovebox_http_request_duration_seconds", "from a request's header to the end of its answer; streams last as long as they are read", jobBuckets, "method", "route"),
		bytes:    m.counter("glovebox_http_response_bytes_total", "bytes of answers' bodies", "method", "route"),
		limited:  m.counter("glovebox_http_limited_total", "requests answered 429: a rate, a quota or the queue is used up", "method", "route"),
	}
}

// Request counts one that was answered. route is the pattern that it matched,
// such as "GET /v1/jobs/{id}", and empty if there was none; never a path.
func (m *Metrics) Request(route string, status int, bytes int64, took time.Duration) {
	method, path, ok := strings.Cut(route, " ")
	if !ok {
		method, path = "other", "none"
	}
	class := "none" // broken off before an answer
	if status >= 100 && status < 600 {
		class = strconv.Itoa(status/100) + "xx"
	}
	m.requests.count.WithLabelValues(method, path, class).Inc()
	m.requests.duration.WithLabelValues(method, path).Observe(took.Seconds())
	m.requests.bytes.WithLabelValues(method, path).Add(float64(bytes))
	if status == http.StatusTooManyRequests {
		m.requests.limited.WithLabelValues(method, path).Inc()
	}
}
