package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"glovebox"
)

// query reads a request's parameters as strictly as a body: what the route
// does not know, or what is given twice, is refused by name. The first fault
// is kept, so a handler reads everything and asks once.
type query struct {
	values url.Values
	fault  error
}

// params parses the query; names are those that the route takes, repeated ones
// those that may be given more than once.
func params(r *http.Request, names []string, repeated ...string) *query {
	q := &query{}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		q.fault = glovebox.Errorf(glovebox.KindMalformed, "the query cannot be read").Try("escape names and values")
	}
	q.values = values
	for _, name := range sortedKeys(values) {
		switch {
		case slices.Contains(repeated, name):
		case !slices.Contains(names, name):
			q.fail(glovebox.Errorf(glovebox.KindUnknownField, "there is no such parameter").On(clip(name)))
		case len(values[name]) > 1:
			q.fail(glovebox.Errorf(glovebox.KindDuplicateField, "given twice").On(name).Try("give it once"))
		}
	}
	return q
}

func (q *query) fail(err error) {
	if q.fault == nil {
		q.fault = err
	}
}

// err returns the first fault of all that was read.
func (q *query) err() error { return q.fault }

func (q *query) text(name string) string { return q.values.Get(name) }

// oneOf returns a value from a closed list; absent means the first.
func (q *query) oneOf(name string, choices ...string) string {
	v, ok := q.values[name]
	if !ok {
		return choices[0]
	}
	if !slices.Contains(choices, v[0]) {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "%q is not one of the choices", clip(v[0])).On(name).Try("use %s", strings.Join(choices, " or ")))
	}
	return v[0]
}

// number returns a whole number from lo to hi; absent means def.
func (q *query) number(name string, def, lo, hi int64) int64 {
	v, ok := q.values[name]
	if !ok {
		return def
	}
	n, err := strconv.ParseInt(v[0], 10, 64)
	if err != nil || n < lo || n > hi {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "%q is not a number in range", clip(v[0])).On(name).Try("from %d to %d", lo, hi))
		return def
	}
	return n
}

func (q *query) flag(name string) bool {
	return q.oneOf(name, "false", "true") == "true"
}

func (q *query) moment(name string) time.Time {
	v, ok := q.values[name]
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, v[0])
	if err != nil {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "%q is not a time", clip(v[0])).On(name).Try("write it like 2026-01-31T12:00:00Z"))
	}
	return t
}

func (q *query) duration(name string, def, hi time.Duration) time.Duration {
	v, ok := q.values[name]
	if !ok {
		return def
	}
	d, err := time.ParseDuration(v[0])
	if err != nil || d < 0 || d > hi {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "%q is not a duration in range", clip(v[0])).On(name).Try(`write it like "30s"; at most %s`, hi))
		return def
	}
	return d
}

// clip keeps what callers wrote short when it is quoted back to them.
func clip(s string) string { return clipTo(s, 64) }

func clipTo(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:max(n, 0)], "") + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

func sortedKeys(v url.Values) []string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
