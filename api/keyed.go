package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"glovebox"
	"glovebox/identity"
)

// kindAnswer is the kind of documents that remember answers.
const kindAnswer = "idempotency"

// remembers is what is kept of a call with an Idempotency-Key. It is written
// before the call is made, so a call is made at most once, whatever dies.
type remembers struct {
	Fingerprint string            `json:"fingerprint"`
	Until       time.Time         `json:"until"`
	Done        bool              `json:"done"`
	Secret      bool              `json:"secret,omitempty"` // it was done, and its answer is not kept
	Status      int               `json:"status,omitempty"`
	Header      map[string]string `json:"header,omitempty"`
	Body        []byte            `json:"body,omitempty"`
}

// keptHeaders are those of an answer that mean something when it is repeated.
var keptHeaders = []string{"Content-Type", "Etag", "Location"}

// once serves a request of a known caller, and a POST with an Idempotency-Key
// once: then the answer is kept and given to who repeats the call.
func (rt *router) once(rc route, c identity.Caller, w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return rc.serve(w, r)
	}
	key, err := idempotencyHeader(r)
	if err != nil {
		return err
	}
	if key == "" || rt.Records == nil || rc.is(repeatable) || rc.is(ownKey) {
		return rc.serve(w, r)
	}
	print, err := fingerprint(w, r)
	if err != nil {
		return err
	}
	name := answerKey(c, r, key)
	mine := remembers{Fingerprint: print, Until: rt.Now().Add(keyLife)}
	version, before, err := rt.reserve(r.Context(), name, mine)
	if err != nil {
		return err
	}
	if before != nil {
		return before.replay(w, print)
	}
	return rt.serveKept(rc, w, r, name, mine, version)
}

// reserve writes mine, or returns what is there already and still counts.
func (rt *router) reserve(ctx context.Context, name string, mine remembers) (version int64, before *remembers, err error) {
	version = glovebox.IfAbsent
	for range 3 {
		err = rt.remember(ctx, name, mine, version)
		if glovebox.KindOf(err) != glovebox.KindStale {
			return version + 1, nil, err
		}
		rec, err := rt.Records.Record(ctx, kindAnswer, name)
		if glovebox.KindOf(err) == glovebox.KindNotFound {
			version = glovebox.IfAbsent
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		var found remembers
		if err := json.Unmarshal(rec.Value, &found); err != nil {
			return 0, nil, glovebox.Errorf(glovebox.KindInternal, "answer kept by key: %w", err)
		}
		if rt.Now().Before(found.Until) {
			return 0, &found, nil
		}
		version = rec.Version
	}
	return 0, nil, glovebox.Errorf(glovebox.KindConflict, "the key is in use").On(headerKey).Try("try again in a moment")
}

func (rt *router) remember(ctx context.Context, name string, v remembers, version int64) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return rt.Records.Commit(ctx, []glovebox.Write{{Kind: kindAnswer, Key: name, Value: data, If: version, Expires: v.Until}})
}

// serveKept serves the request, keeps the answer, and then gives it. An error
// by the caller's fault changed nothing, so the key is free again; after one by
// ours nobody can tell, and the key stays used.
func (rt *router) serveKept(rc route, w http.ResponseWriter, r *http.Request, name string, mine remembers, version int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), callTime)
	defer cancel()
	h := &held{ResponseWriter: w}
	err := rc.serve(h, r)
	streamed := h.loose && strings.HasPrefix(w.Header().Get("Content-Type"), eventType)
	switch {
	case err != nil && known(err).Kind.Info().Status >= http.StatusInternalServerError:
		return err
	case err != nil || streamed:
		free := glovebox.Write{Kind: kindAnswer, Key: name, If: version}
		if ferr := rt.Records.Commit(ctx, []glovebox.Write{free}); ferr != nil && err == nil {
			noted(w, ferr)
		}
		return err
	}
	mine.Done = true
	mine.Secret = h.loose || rc.is(secret) || len(w.Header().Values("Set-Cookie")) > 0
	if !mine.Secret {
		mine.Status, mine.Body, mine.Header = h.status, h.body, map[string]string{}
		for _, name := range keptHeaders {
			if v := w.Header().Get(name); v != "" {
				mine.Header[name] = v
			}
		}
	}
	if err := rt.remember(ctx, name, mine, version); err != nil {
		noted(w, err) // it was done all the same; who repeats the call hears that it may have been
	}
	return h.release()
}

// replay answers as the first call was answered.
func (a *remembers) replay(w http.ResponseWriter, print string) error {
	switch {
	case a.Fingerprint != print:
		return glovebox.Errorf(glovebox.KindKeyReused, "this key was used for another request").On(headerKey).Try("use a new key")
	case !a.Done:
		return glovebox.Errorf(glovebox.KindConflict, "a call with this key is running, or broke off").On(headerKey).
			Try("wait; if this stays, see whether it was done, and use a new key")
	case a.Secret:
		return glovebox.Errorf(glovebox.KindConflict, "this was done; its answer is not kept").On(headerKey).
			Try("if the answer is lost, undo it and do it again with a new key")
	}
	for name, v := range a.Header {
		w.Header().Set(name, v)
	}
	w.Header().Set(headerReplayed, "true")
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the caller may be gone; nobody else to tell
	return nil
}

// answerKey names what is remembered of a caller's call: the same key of
// somebody else, or to another route, is another one.
func answerKey(c identity.Caller, r *http.Request, key string) string {
	sum := sha256.Sum256([]byte(nameOf(c) + "\x00" + r.URL.Path + "\x00" + key))
	return hex.EncodeToString(sum[:])
}

// fingerprint is a hash of what is asked: the query and what the body means, so
// another order of fields is still the same request. The body can be read
// again.
func fingerprint(w http.ResponseWriter, r *http.Request) (string, error) {
	end := bodyDeadline(w)
	body, err := readBody(r)
	end()
	if err != nil {
		return "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	meaning := jsontext.Value(bytes.Clone(body))
	if meaning.Canonicalize() != nil {
		meaning = body // the route will refuse it
	}
	sum := sha256.Sum256(append([]byte(r.URL.RawQuery+"\x00"), meaning...))
	return hex.EncodeToString(sum[:]), nil
}
