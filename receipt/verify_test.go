package receipt_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/receipt"
)

// TestGood: what is issued verifies, and says what the job was.
func TestGood(t *testing.T) {
	for name, j := range map[string]glovebox.Job{"completed": over(), "never ran": neverRan(), "cancelled": cancelled()} {
		t.Run(name, func(t *testing.T) {
			i := issuer(t, wrote())
			s, err := receipt.Verify(issued(t, i, j), i.Keys.Public())
			if err != nil {
				t.Fatal(err)
			}
			p := s.Predicate
			if p.Job.ID != j.ID || p.End.Outcome != j.Outcome || !p.Times.Ended.Equal(j.EndedAt) || p.Asked.By != j.Owner || len(p.Ledger) != len(j.Ledger) {
				t.Errorf("%+v", p)
			}
		})
	}
}

// TestEveryByte changes every byte of a receipt in some ways, takes each out and
// puts one in before each: no such thing is a receipt.
func TestEveryByte(t *testing.T) {
	i := issuer(t, wrote())
	text, keys := issued(t, i, neverRan()), i.Keys.Public() // the smallest; others are spelled alike
	tries := 0
	bad := func(what string, at int, changed []byte) {
		if tries++; bytes.Equal(changed, text) {
			return // such as one of two equal bytes taken out
		}
		if _, err := receipt.Verify(changed, keys); err == nil {
			t.Errorf("byte %d (%q) %s: still good", at, text[at], what)
		}
	}
	for at := range text {
		for _, bit := range []byte{1, 0x20, 0x80} { // 0x20 is the case of a letter
			changed := bytes.Clone(text)
			changed[at] ^= bit
			bad("changed", at, changed)
		}
		bad("taken out", at, slices.Delete(bytes.Clone(text), at, at+1))
		for _, more := range []byte{' ', '0', text[at]} {
			changed := slices.Insert(bytes.Clone(text), at, more)
			if !bytes.Equal(changed, text) {
				bad("inserted", at, changed)
			}
		}
	}
	for _, tail := range []string{" ", "\n", "{}", "x"} {
		bad("appended", len(text)-1, append(bytes.Clone(text), tail...))
	}
	if tries < 7*len(text) {
		t.Errorf("only %d tries", tries)
	}
	if _, err := receipt.Verify(text, keys); err != nil {
		t.Error(err) // or nothing above means anything
	}
}

// TestForeign: what another has signed, or what was signed for something else.
func TestForeign(t *testing.T) {
	i, other := issuer(t, wrote()), issuer(t, wrote())
	text, keys := issued(t, i, over()), i.Keys.Public()
	second := over()
	second.ID = "jother"
	foreign := issued(t, other, over())
	refused(t, foreign, keys, glovebox.KindUnauthorized, "signatures.keyid")
	refused(t, text, nil, glovebox.KindUnauthorized, "signatures.keyid")
	renamed := bytes.ReplaceAll(foreign, []byte(other.Keys.Public()[0].ID), []byte(keys[0].ID))
	refused(t, renamed, keys, glovebox.KindInvalid, "signatures.sig")
	refused(t, receipt.Spliced(text, issued(t, i, second)), keys, glovebox.KindInvalid, "signatures.sig")
	refused(t, receipt.Retyped(text, "text/plain"), keys, glovebox.KindInvalid, "signatures.sig")
	refused(t, receipt.SealAs("text/plain", receipt.Payload(text), i.Keys), keys, glovebox.KindMediaType, "payloadType")
	for payload, field := range map[string]string{
		"no JSON": "_type", "[]": "_type", `{"_type":"x"}`: "_type", `{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1"}`: "predicateType",
	} {
		refused(t, receipt.SealAs(receipt.PayloadType, []byte(payload), i.Keys), keys, glovebox.KindMediaType, field)
	}
	for _, junk := range []string{"", "{}", "null", "[]", "x", `{"payloadType":"","payload":"","signatures":[]}` + "\n", strings.Repeat("x", receipt.MaxBytes+1)} {
		refused(t, []byte(junk), keys, glovebox.KindMalformed, "envelope")
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", " "); err != nil {
		t.Fatal(err)
	}
	refused(t, indented.Bytes(), keys, glovebox.KindMalformed, "envelope")
}

// TestContradictions: what the key has signed and cannot be true.
func TestContradictions(t *testing.T) {
	i := issuer(t, wrote())
	text := issued(t, i, over())
	for name, c := range map[string]struct {
		field  string
		change func(*receipt.Statement)
	}{
		"no job":          {"predicate.job", func(s *receipt.Statement) { s.Predicate.Job.ID = "" }},
		"no command":      {"predicate.command.asked", func(s *receipt.Statement) { s.Predicate.Command.Asked = "" }},
		"no sandbox":      {"predicate.job.attempts", func(s *receipt.Statement) { s.Predicate.Job.Attempts = 0 }},
		"end before":      {"predicate.times.ended", func(s *receipt.Statement) { s.Predicate.Times.Ended = s.Predicate.Times.Started.Add(-1) }},
		"start before":    {"predicate.times.started", func(s *receipt.Statement) { s.Predicate.Times.Started = s.Predicate.Times.Placed.Add(-1) }},
		"no end":          {"predicate.times.ended", func(s *receipt.Statement) { s.Predicate.Times.Ended = time.Time{} }},
		"no such end":     {"predicate.end.outcome", func(s *receipt.Statement) { s.Predicate.End.Outcome = "RUNNING" }},
		"no exit":         {"predicate.end", func(s *receipt.Statement) { s.Predicate.End.ExitCode = nil }},
		"no reason":       {"predicate.end.reason", func(s *receipt.Statement) { s.Predicate.End.Outcome = glovebox.StatusFailed }},
		"no canceller":    {"predicate.asked.cancelled", func(s *receipt.Statement) { s.Predicate.End.Outcome = glovebox.StatusCancelled }},
		"not gone":        {"predicate.ledger", func(s *receipt.Statement) { s.Predicate.Ledger[0].State = glovebox.ResourceObserved }},
		"left":            {"predicate.residue", func(s *receipt.Statement) { s.Predicate.Residue.Left = 1 }},
		"ledger is short": {"predicate.residue", func(s *receipt.Statement) { s.Predicate.Ledger = s.Predicate.Ledger[1:] }},
		"other subject":   {"subject", func(s *receipt.Statement) { s.Subject[1].Digest.SHA256 = s.Subject[0].Digest.SHA256 }},
		"no subject":      {"subject", func(s *receipt.Statement) { s.Subject = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			var s receipt.Statement
			if err := json.Unmarshal(receipt.Payload(text), &s); err != nil {
				t.Fatal(err)
			}
			c.change(&s)
			payload, err := s.JSON()
			if err != nil {
				t.Fatal(err)
			}
			refused(t, receipt.SealAs(receipt.PayloadType, payload, i.Keys), i.Keys.Public(), glovebox.KindConflict, c.field)
		})
	}
	refused(t, receipt.SealAs(receipt.PayloadType, bytes.Replace(receipt.Payload(text), []byte(`"attempts":2`), []byte(`"attempts":"2"`), 1), i.Keys),
		i.Keys.Public(), glovebox.KindConflict, "predicate")
}

// TestPAE is the example of the DSSE specification.
func TestPAE(t *testing.T) {
	if got := string(receipt.PAE("http://example.com/HelloWorld", []byte("hello world"))); got != "DSSEv1 29 http://example.com/HelloWorld 11 hello world" {
		t.Error(got)
	}
}
