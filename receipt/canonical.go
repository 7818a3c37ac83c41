package receipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"glovebox"
)

// CommandSum hashes what was asked to run: the canonical JSON (RFC 8785) of
//
//	{"cmd":[…],"entrypoint":[…],"env":[names, sorted],"files":[…],"template":"","user":"","workdir":""}
//
// each of files being {"digest":"sha256:…","mode":292,"path":"/…"}.
// Values of the environment are left out, for they may be secrets, and a hash
// does not hide what can be guessed.
func CommandSum(s glovebox.Spec) string {
	files := []any{}
	for _, f := range s.Files {
		mode := f.Mode
		if mode == 0 {
			mode = glovebox.DefaultFileMode
		}
		files = append(files, map[string]any{"digest": f.Digest, "mode": mode, "path": f.Path})
	}
	return sumOf(map[string]any{
		"cmd": words(s.Cmd), "entrypoint": words(s.Entrypoint), "env": words(slices.Sorted(maps.Keys(s.Env))), "files": files,
		"template": s.Template, "user": s.User, "workdir": s.Workdir,
	})
}

// ArgsSum hashes what was executed: the canonical JSON of
//
//	{"args":[…],"env":[names, sorted],"user":"","workdir":""}
//
// "" if that never was known.
func ArgsSum(c glovebox.Command) string {
	if len(c.Args) == 0 {
		return ""
	}
	names := make([]string, len(c.Env))
	for i, kv := range c.Env {
		names[i], _, _ = strings.Cut(kv, "=")
	}
	slices.Sort(names)
	return sumOf(map[string]any{"args": c.Args, "env": names, "user": c.User, "workdir": c.Workdir})
}

// words makes no list an empty one.
func words(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func sumOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // lists of strings always encode
	}
	return canonicalSum(data)
}

// canonicalSum is "sha256:…" over the canonical form of JSON, or over the bytes
// as they are if they are none.
func canonicalSum(data []byte) string {
	v := jsontext.Value(bytes.Clone(data))
	if v.Canonicalize() != nil {
		v = data
	}
	return sum(v)
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(s[:])
}
