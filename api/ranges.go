package api

import (
	"net/http"
	"strconv"
	"strings"

	"glovebox"
)

// rangeOf says which bytes of size a request is for: all, or one range, if what
// the caller has of it is still the same. What is no range, or several of them,
// is no part of the request, as RFC 9110 allows. KindRange if there is no byte
// in it.
func rangeOf(r *http.Request, tag string, size int64) (from, n int64, part bool, err error) {
	given, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	only := r.Header.Get("If-Range")
	first, last, isRange := strings.Cut(strings.TrimSpace(given), "-")
	if !ok || !isRange || len(r.Header.Values("Range")) != 1 || only != "" && only != tag {
		return 0, size, false, nil
	}
	from, upto := int64(0), size-1
	switch {
	case first == "" && digits(last): // the last so many
		from = max(size-byteAt(last), 0)
	case digits(first) && last == "":
		from = byteAt(first)
	case digits(first) && digits(last) && byteAt(first) <= byteAt(last):
		from, upto = byteAt(first), min(byteAt(last), size-1)
	default:
		return 0, size, false, nil
	}
	if from > upto {
		return 0, 0, false, glovebox.Errorf(glovebox.KindRange, "the file has %d bytes", size).On("Range").Try("ask for bytes before that")
	}
	return from, upto - from + 1, true, nil
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// byteAt is a number of digits; what is too large for one is past every end.
func byteAt(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1<<63 - 1
	}
	return n
}
