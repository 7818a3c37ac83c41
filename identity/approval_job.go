package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"time"

	"glovebox"
)

// maxShown bounds each list of words that people are shown of a job. The hash
// covers all of it.
const maxShown = 4 << 10

// signedJob is what people agree to: enough to read, and the hash of all of it.
// Values of the environment are not shown, for they may be secrets; the hash
// covers them.
type signedJob struct {
	Job        string          `json:"job"` // SpecSum
	Image      string          `json:"image"`
	Digest     string          `json:"digest"`              // of the image, which its name ends with
	Entrypoint []string        `json:"entrypoint,omitzero"` // empty is not the image's
	Cmd        []string        `json:"cmd,omitempty"`
	Env        []string        `json:"env,omitempty"` // names
	Workdir    string          `json:"workdir,omitempty"`
	User       string          `json:"user,omitempty"`
	Runtime    string          `json:"runtime"`
	Limits     glovebox.Limits `json:"limits"`
	Timeout    string          `json:"timeout"`
	Stdin      string          `json:"stdin"`            // "none", "sha256:…", or "streamed": then it is not part of what is signed
	Policy     []string        `json:"policy,omitempty"` // what the job may reach and is given
	Widens     []string        `json:"widens"`
	By         string          `json:"requestedBy"`
}

// jobOperation is what the first person signs for a job.
func jobOperation(id, by string, spec glovebox.Spec, widens []string) Operation {
	stdin := "none"
	switch {
	case len(spec.Stdin) > 0:
		sum := sha256.Sum256(spec.Stdin)
		stdin = "sha256:" + hex.EncodeToString(sum[:])
	case spec.StdinStream:
		stdin = "streamed"
	}
	return operation(actionToWiden(spec.Policy), id, signedJob{
		Job: SpecSum(spec), Image: spec.Image, Digest: digestOf(spec.Image), Entrypoint: shown(spec.Entrypoint), Cmd: shown(spec.Cmd),
		Env: shown(slices.Sorted(maps.Keys(spec.Env))), Workdir: clip(spec.Workdir), User: clip(spec.User),
		Runtime: spec.Runtime, Limits: spec.Limits, Timeout: time.Duration(spec.Timeout).String(), Stdin: stdin, Policy: policyWords(spec.Policy), Widens: widens, By: by,
	})
}

// namedDigest is the digest at the end of an image's name, or all of the name of
// one that has no other.
var namedDigest = regexp.MustCompile(`(?:^|@)(sha256:[0-9a-f]{64})$`)

// digestOf is the digest that an image is named by; "" if it is not.
func digestOf(image string) string {
	if found := namedDigest.FindStringSubmatch(image); found != nil {
		return found[1]
	}
	return ""
}

// SpecSum is "sha256:…" over the canonical JSON (RFC 8785) of a completed spec.
// Stdin given whole is replaced by nothing, because the store keeps it apart;
// what was signed has its hash.
func SpecSum(spec glovebox.Spec) string {
	spec.Stdin, spec.StdinStream = nil, false
	data, err := json.Marshal(spec)
	if err != nil {
		panic(err) // a completed spec is strings and numbers
	}
	if data, err = canonical(data); err != nil {
		panic(err)
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// shown cuts a list of words.
func shown(words []string) []string {
	short, size := slices.Clone(words[:0]), 0
	for _, w := range words {
		if size += len(w) + 1; size > maxShown {
			return append(short, "…")
		}
		short = append(short, w)
	}
	return short
}

// ApprovalOperation is what a person signs next for a request: the first one
// widens, whoever follows approves the same.
func ApprovalOperation(a Approval) Operation {
	o := unsigned(a.Operation)
	if len(a.Signatures) > 0 {
		o.Action = ActionJobApprove
	}
	return o
}

// unsigned takes away what BeginStepUp adds.
func unsigned(o Operation) Operation {
	o.Tenant, o.Person = "", ""
	return o
}
