package receipt_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"glovebox"
	"glovebox/receipt"
)

// TestSameBytes: a receipt is made of the job and the key alone, so making it
// twice is making it once, also by another process.
func TestSameBytes(t *testing.T) {
	i := issuer(t, wrote())
	first, err := i.Issue(t.Context(), over())
	if err != nil {
		t.Fatal(err)
	}
	j := over()
	j.Version, j.Lease, j.Due = 99, glovebox.Lease{Holder: "other", Until: t0}, t0 // how it is driven is not told
	again, err := i.Issue(t.Context(), j)
	if err != nil || again != first {
		t.Errorf("%+v, then %+v, %v", first, again, err)
	}
	n := 0
	err = i.Blobs.List(t.Context(), receipt.Prefix(j.ID), func(string, glovebox.BlobInfo) error { n++; return nil })
	if err != nil || n != 1 {
		t.Errorf("%d receipts are kept, %v", n, err)
	}
}

// TestHidden: nothing that could be confidential is in a receipt, in no form.
// The control is a name that is.
func TestHidden(t *testing.T) {
	const canary = "canary-5f2a91c3"
	j := over()
	j.Spec.Cmd, j.Spec.Env = []string{"sh", "-c", "echo " + canary}, map[string]string{"TOKEN": canary}
	j.Spec.Labels, j.Spec.Stdin, j.Spec.Workdir = map[string]string{"l": canary}, []byte(canary), "/"+canary
	j.Command.Args, j.Command.Env = j.Spec.Cmd, []string{"TOKEN=" + canary}
	j.Fault = glovebox.Errorf(glovebox.KindTimeout, "%s", canary).Try(canary)
	j.Admission = []glovebox.PolicyLine{{Field: canary}}
	j.Spec.Policy.Egress[0].Paths = []string{"/" + canary}
	j.Spec.Policy.Secrets = []glovebox.SecretUse{{Name: canary}}
	i := issuer(t, written{"stdout": []byte(canary), "stderr": []byte(canary),
		"events": []byte(`{"type":"request","path":"/` + canary + `","name":"` + canary + `","address":"` + canary + `"}` + "\n")})
	j.Output.Stdout, j.Output.Stderr = int64(len(canary)), int64(len(canary))
	text := issued(t, i, j)
	for _, b := range [][]byte{text, receipt.Payload(text)} {
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("%s", b)
		}
	}
	if !bytes.Contains(receipt.Payload(text), []byte("person:ada")) {
		t.Error("the control is not found either")
	}
}

// TestSums: the digests are those of the bytes, and what was counted is what
// was decided.
func TestSums(t *testing.T) {
	i := issuer(t, wrote())
	s, err := receipt.Verify(issued(t, i, over()), i.Keys.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range wrote() {
		sum := sha256.Sum256(b)
		found := false
		for _, one := range s.Subject {
			found = found || one.Name == "j0123456789abcdefghjk/"+name && one.Digest.SHA256 == hex.EncodeToString(sum[:])
		}
		if !found {
			t.Errorf("%s is no subject", name)
		}
		if err := s.Matches(name, bytes.NewReader(b)); err != nil {
			t.Error(err)
		}
		if err := s.Matches(name, strings.NewReader("else")); glovebox.KindOf(err) != glovebox.KindInvalid {
			t.Errorf("%s is anything: %v", name, err)
		}
	}
	if err := s.Matches("none", nil); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Error(err)
	}
	n := s.Predicate.Network
	want := []receipt.Decision{
		{Type: "close", Allowed: true, Rule: "api.example.com:443", Count: 1},
		{Type: "open", Allowed: true, Rule: "api.example.com:443", Count: 1},
		{Type: "open", Reason: "no_rule", Count: 2},
	}
	if len(n.Decisions) != 3 || n.Decisions[0] != want[0] || n.Decisions[1] != want[1] || n.Decisions[2] != want[2] || n.Missed != 3 || n.Sent != 10 || n.Received != 20 {
		t.Errorf("%+v", n)
	}
	spec := over().Spec
	if err := s.AskedFor(spec); err != nil {
		t.Error(err)
	}
	spec.Env = map[string]string{"B": "other", "A": "values"}
	if err := s.AskedFor(spec); err != nil {
		t.Error("values of the environment are in a hash: ", err)
	}
	spec.Policy = nil
	if err := s.AskedFor(spec); glovebox.AsError(err).Field != "policy" {
		t.Error(err)
	}
	spec.Cmd = []string{"else"}
	if err := s.AskedFor(spec); glovebox.AsError(err).Field != "cmd" {
		t.Error(err)
	}
}

// TestLostOutput: a receipt says if what was sealed is not all there any more,
// and waits for what cannot be read now.
func TestLostOutput(t *testing.T) {
	for name, from := range map[string]written{"gone": {}, "shorter": {"stdout": []byte("hel")}} {
		i := issuer(t, from)
		s, err := receipt.Verify(issued(t, i, over()), i.Keys.Public())
		if err != nil || !s.Predicate.Output.Streams[0].Damaged || s.Predicate.Output.Streams[1].Damaged {
			t.Errorf("%s: %+v %v", name, s.Predicate.Output, err)
		}
	}
	for name, from := range map[string]failing{
		"to open": {open: glovebox.Errorf(glovebox.KindUnavailable, "away")}, "to read": {read: errors.New("I/O error")},
	} {
		if _, err := issuer(t, from).Issue(t.Context(), over()); glovebox.KindOf(err) != glovebox.KindUnavailable {
			t.Errorf("fails %s: %v", name, err)
		}
	}
}

// failing is output that cannot be had now.
type failing struct{ open, read error }

// Open implements receipt.Source.
func (f failing) Open(context.Context, string, int, string) (io.ReadCloser, error) {
	if f.open != nil {
		return nil, f.open
	}
	return io.NopCloser(iotest.ErrReader(f.read)), nil
}

// TestRead: of what there is no receipt, or not the right one.
func TestRead(t *testing.T) {
	i, j := issuer(t, wrote()), over()
	if _, err := i.Read(t.Context(), j); glovebox.KindOf(err) != glovebox.KindConflict {
		t.Error(err)
	}
	j.Status = glovebox.StatusArchived
	if _, err := i.Read(t.Context(), j); glovebox.KindOf(err) != glovebox.KindNotFound || glovebox.AsError(err).Hint == "" {
		t.Error(err)
	}
	j.Receipt = &glovebox.ReceiptRef{Digest: "sha256:" + strings.Repeat("0", 64)}
	if _, err := i.Read(t.Context(), j); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Error(err)
	}
	if _, err := i.Blobs.Put(t.Context(), receipt.Prefix(j.ID)+strings.Repeat("0", 64), strings.NewReader("else")); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Read(t.Context(), j); glovebox.KindOf(err) != glovebox.KindUnavailable {
		t.Error(err)
	}
}

// TestClockWentBack: a receipt of a time when the clock was set back agrees with
// itself, and says so.
func TestClockWentBack(t *testing.T) {
	i, j := issuer(t, wrote()), over()
	j.EndedAt = j.CreatedAt.Add(-1e9)
	s, err := receipt.Verify(issued(t, i, j), i.Keys.Public())
	if err != nil || !s.Predicate.Times.WentBack {
		t.Errorf("%+v %v", s.Predicate.Times, err)
	}
}

// TestTally: events are counted in bounded memory, whatever they are.
func TestTally(t *testing.T) {
	var b bytes.Buffer
	for n := range 1000 {
		b.WriteString(`{"type":"open","rule":"` + strings.Repeat("r", n) + `"}` + "\n")
	}
	b.WriteString(`{"type":"finding","finding":{"rule":"drift"}}` + "\n" + `{"type":"profile","missed":4}` + "\n")
	b.WriteString("no JSON\n" + strings.Repeat("x", 1_300_000) + "\n" + `{"type":"dns"}`)
	n, err := receipt.Tally(&b, int64(b.Len()))
	if err != nil || len(n.Decisions) != 256 || n.More == 0 || n.Unread != 2 || n.Missed != 4 {
		t.Errorf("%d decisions, %d more, %d unread, %v", len(n.Decisions), n.More, n.Unread, err)
	}
	total := n.More
	for _, d := range n.Decisions {
		if total += d.Count; len(d.Rule) > 300 {
			t.Errorf("a rule of %d bytes", len(d.Rule))
		}
	}
	if total != 1001 {
		t.Errorf("%d events", total)
	}
}
