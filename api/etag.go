package api

import (
	"net/http"
	"strconv"
	"strings"

	"glovebox"
)

// etag names a job as it is shown: its version and, while the sizes are shown
// live, the sizes, which change without a new version.
func etag(j glovebox.Job) string {
	tag := strconv.FormatInt(j.Version, 10)
	if !j.Output.Sealed && j.Output.Stdout+j.Output.Stderr+j.Output.Events > 0 {
		tag += "." + strconv.FormatInt(j.Output.Stdout, 10) + "." + strconv.FormatInt(j.Output.Stderr, 10) + "." + strconv.FormatInt(j.Output.Events, 10)
	}
	return `"` + tag + `"`
}

// matches says whether a conditional header names tag. If-Match goes by the
// version alone: more output is no change that a caller could clobber.
func matches(r *http.Request, header, tag string) bool {
	for _, v := range r.Header.Values(header) {
		for t := range strings.SplitSeq(v, ",") {
			t = strings.TrimSpace(t)
			if t == "*" || t == tag || header == "If-Match" && version(t) == version(tag) {
				return true
			}
		}
	}
	return false
}

func version(tag string) string {
	v, _, _ := strings.Cut(strings.Trim(tag, `"`), ".")
	return v
}

// plainID says whether s could be the id of something, so that nothing else
// gets near a store or a key.
func plainID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
