package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"glovebox"
)

// recovering turns a panic into a 500 problem and a line in the log. What
// panicked is never shown to the caller.
func recovering(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p) // breaking off on purpose
			}
			log.Error("panic", "request", w.Header().Get(headerRequestID), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			failed(w, glovebox.Errorf(glovebox.KindInternal, "panic"))
		}()
		next.ServeHTTP(w, r)
	})
}
