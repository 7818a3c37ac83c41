// Package redact is a safety net under the log: it replaces what must never be
// in one. Code does not log secrets in the first place, and a test holds it to
// that without this net; the net is for the day on which both are wrong.
package redact

import (
	"context"
	"encoding"
	"fmt"
	"log/slog"
	"strings"
)

// Redacted stands where something was.
const Redacted = "[redacted]"

// Handler returns next with everything that a record holds looked at first:
//
//   - the value of an attribute whose key is one of a secret (see secretKey)
//     is replaced, unless it is a number, a truth value or a time;
//   - what looks like a token, a one-time link or a recovery code is replaced
//     wherever it stands in a text, also in the message;
//   - structures, maps, lists and bytes are not written at all: a job is one,
//     and its environment is in it. Errors and what can write itself as text
//     are, and so are groups.
func Handler(next slog.Handler) slog.Handler { return handler{next} }

type handler struct{ next slog.Handler }

// Enabled implements slog.Handler.
func (h handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = attr(a)
	}
	return handler{h.next.WithAttrs(clean)}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.next.WithGroup(name)} }

func attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindTime, slog.KindUint64:
		return slog.Attr{Key: a.Key, Value: v}
	}
	if secretKey(a.Key) {
		return slog.String(a.Key, Redacted)
	}
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Text(v.String()))
	case slog.KindGroup:
		members := v.Group()
		clean := make([]slog.Attr, len(members))
		for i, m := range members {
			clean[i] = attr(m)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(clean...)}
	}
	return slog.Attr{Key: a.Key, Value: anything(v.Any())}
}

// anything is a value of no kind that slog knows.
func anything(v any) slog.Value {
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.StringValue(Text(v.Error()))
	case encoding.TextMarshaler:
		if text, err := v.MarshalText(); err == nil {
			return slog.StringValue(Text(string(text)))
		}
	case fmt.Stringer:
		return slog.StringValue(Text(v.String()))
	}
	return slog.StringValue(fmt.Sprintf("[not logged: %T]", v))
}

// secretKeys are keys, in lower case, whose values are secrets or belong to a
// job.
var secretKeys = map[string]bool{
	"authorization": true, "proxy-authorization": true, "dpop": true, "proof": true, "cookie": true, "set-cookie": true,
	"token": true, "access_token": true, "secret": true, "password": true, "passphrase": true, "credential": true,
	"credentials": true, "code": true, "verifier": true, "assertion": true, "link": true, "key": true, "private_key": true,
	"env": true, "environ": true, "environment": true, "stdin": true, "stdout": true, "stderr": true, "input": true,
	"output": true, "body": true, "headers": true, "header": true, "args": true, "argv": true, "cmd": true, "command": true,
	"entrypoint": true, "spec": true, "query": true,
}

// secretEnds are ends of longer keys, such as session_token.
var secretEnds = []string{"_token", "_secret", "_password", "_cookie", "_code", "-token", "-secret"}

func secretKey(key string) bool {
	key = strings.ToLower(key)
	if secretKeys[key] {
		return true
	}
	for _, end := range secretEnds {
		if strings.HasSuffix(key, end) {
			return key != "exit_code"
		}
	}
	return false
}
