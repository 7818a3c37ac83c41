package sqlite

import (
	"strings"

	"glovebox"
	"glovebox/store/internal/listing"
	"glovebox/store/internal/record"
)

// query is a SELECT of jobs in the making. place is the table whose index is
// walked and so says where a job stands in the list: "j" or, for a search by
// label, "l". The LIMIT is the last argument.
type query struct {
	from  string
	place string
	where []string
	args  []any
	union []*query // instead of all that but args: lists to merge, each by "j"
}

func (q *query) and(condition string, args ...any) {
	q.where = append(q.where, condition)
	q.args = append(q.args, args...)
}

// andIn wants a column to have one of some values, of which there is one.
func andIn[T ~string](q *query, column string, values []T) {
	q.and(column + " IN (?" + strings.Repeat(", ?", len(values)-1) + ")")
	for _, v := range values {
		q.args = append(q.args, string(v))
	}
}

// text is a SELECT of a job's record and its place. With a union SQLite walks
// the lists side by side, each in the order that they all have.
func (q *query) text() string {
	if q.union == nil {
		return q.rows() + " ORDER BY 2 DESC, 3 DESC LIMIT ?"
	}
	var parts []string
	for _, part := range q.union {
		parts = append(parts, part.rows())
	}
	return strings.Join(parts, " UNION ALL ") + " ORDER BY 2 DESC, 3 DESC LIMIT ?"
}

func (q *query) rows() string {
	place := "j.created, j.id"
	if q.place == "l" {
		place = "l.created, l.job"
	}
	return "SELECT j.body, " + place + q.tail()
}

// count is a SELECT of how many rows there are, up to the LIMIT.
func (q *query) count() string { return "SELECT count(*) FROM (SELECT 1" + q.tail() + " LIMIT ?)" }

func (q *query) tail() string {
	if len(q.where) == 0 {
		return " FROM " + q.from
	}
	return " FROM " + q.from + " WHERE " + strings.Join(q.where, " AND ")
}

// bounds gives the walk one beginning and one end. With two upper bounds it
// would begin at one of them and skip row by row to the other.
func (q *query) bounds(f glovebox.JobFilter, page listing.Page) {
	if !f.Since.IsZero() {
		q.and(q.place+".created >= ?", record.Nanos(f.Since))
	}
	switch {
	case page.After != nil && (f.Until.IsZero() || page.After.Created < record.Nanos(f.Until)):
		place := "(j.created, j.id)"
		if q.place == "l" {
			place = "(l.created, l.job)"
		}
		q.and(place+" < (?, ?)", page.After.Created, page.After.ID)
	case !f.Until.IsZero():
		q.and(q.place+".created < ?", record.Nanos(f.Until))
	}
}
