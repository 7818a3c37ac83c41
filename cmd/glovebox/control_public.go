package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"glovebox"
	"glovebox/console"
	"glovebox/identity"
)

// openIdentity opens what knows people, for a service that others can reach;
// without a public URL there is nobody but the local operator.
func openIdentity(ctx context.Context, records glovebox.Records, public string) (*identity.Service, error) {
	if public == "" {
		return nil, nil
	}
	u, err := url.Parse(public)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--public-url")
	}
	return identity.Open(ctx, identity.Config{
		Records: records, Now: time.Now, PublicURL: public, RPID: u.Hostname(), Origins: []string{public},
		Fetch: identity.DiscoverKeys(http.DefaultTransport), Since: bootTime(),
	})
}

// bootTime is when this machine started, to the second; the zero time if the
// kernel does not say.
func bootTime() time.Time {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}
	}
	_, after, _ := strings.Cut(string(data), "\nbtime ")
	line, _, _ := strings.Cut(after, "\n")
	seconds, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// publicHandler serves the API and, at every other path, the pages.
func publicHandler(calls http.Handler, public string) (http.Handler, error) {
	pages, err := console.Handler(console.Config{PublicURL: public})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if forAPI(r.URL.Path) {
			calls.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	}), nil
}

// forAPI says whether a path is one of programs.
func forAPI(path string) bool {
	switch path {
	case "/submit", "/openapi.json", "/healthz":
		return true
	}
	return strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/.well-known/")
}

// tidyIdentity replaces signing keys in time, and removes what is past its
// time. Nothing depends on when.
func tidyIdentity(ctx context.Context, ids *identity.Service, records glovebox.Records, now time.Time, log *slog.Logger) {
	if ids != nil {
		if err := ids.Rotate(ctx); err != nil {
			log.Warn("signing keys", "error", err)
		}
	}
	for {
		n, err := records.PurgeRecords(ctx, now, purgeBatch)
		if err != nil {
			log.Warn("removing old records", "error", err)
		}
		if err != nil || n < purgeBatch {
			return
		}
	}
}

const purgeBatch = 1000
