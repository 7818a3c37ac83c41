package receipt_test

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/memory"
	"glovebox/receipt"
)

var t0 = time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("elsewhere", 3600))

// written is what a job wrote, by stream.
type written map[string][]byte

// Open implements receipt.Source.
func (w written) Open(_ context.Context, _ string, _ int, stream string) (io.ReadCloser, error) {
	b, ok := w[stream]
	if !ok {
		return nil, glovebox.Errorf(glovebox.KindNotFound, "no such stream")
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

const events = `{"at":"2026-03-04T05:06:08Z","type":"open","allowed":true,"rule":"api.example.com:443","conn":1}
{"at":"2026-03-04T05:06:08Z","type":"close","allowed":true,"rule":"api.example.com:443","conn":1,"sent":10,"received":20}
{"at":"2026-03-04T05:06:08Z","type":"open","allowed":false,"reason":"no_rule"}
{"at":"2026-03-04T05:06:08Z","type":"open","allowed":false,"reason":"no_rule","missed":3}
`

// wrote is what the job of over wrote.
func wrote() written {
	return written{"stdout": []byte("hello\n"), "stderr": nil, "events": []byte(events), "artifacts.index": []byte("index\n")}
}

// over is a job that has all that a receipt tells of, before it is archived.
func over() glovebox.Job {
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	p := glovebox.Policy{Egress: []glovebox.EgressRule{{Domain: "api.example.com", Protocol: glovebox.EgressTLS, Port: 443}}}
	p, err := p.Complete()
	if err != nil {
		panic(err)
	}
	return glovebox.Job{
		ID: "j0123456789abcdefghjk", Tenant: "acme", Owner: "person:ada", Status: glovebox.StatusCompleted, Outcome: glovebox.StatusCompleted,
		Spec: glovebox.Spec{
			Image: "busybox:1", Cmd: []string{"sh", "-c", "true"}, Env: map[string]string{"B": "1", "A": "2"}, Runtime: glovebox.RuntimeGVisor,
			Limits: glovebox.DefaultLimits(), Timeout: glovebox.Duration(time.Minute), Policy: &p,
		},
		Image:     glovebox.ImageRef{Name: "docker.io/library/busybox:1", Digest: "sha256:1"},
		Command:   glovebox.Command{Args: []string{"sh", "-c", "true"}, Env: []string{"A=2", "B=1", "PATH=/bin"}, Workdir: "/"},
		Result:    &glovebox.Result{ExitCode: 7, Duration: glovebox.Duration(1500 * time.Millisecond), StartedFrom: glovebox.FromPool, Template: "generic"},
		Findings:  []glovebox.Finding{{Rule: glovebox.FindingDrift, Severity: glovebox.SeverityLow, Count: 2, First: at(3), Last: at(3), Evidence: []string{"canary-5f2a91c3"}}},
		Artifacts: &glovebox.Artifacts{Files: 1, Folders: 1, Bytes: 4, IndexBytes: 6, Digest: "sha256:0", LeftOut: 1},
		Output:    glovebox.Output{Stdout: 6, Events: int64(len(events)), Sealed: true},
		Proof:     &glovebox.Proof{Kind: "person", Session: "key", Opened: t0, Passkey: "pk_1", Key: "thumb"},
		Approvals: []glovebox.Approval{{By: "person:bob", At: at(0), Evidence: []byte(
			`{"operation":{"action":"job.widen","parameters":{}},"nonce":"AA==","credential_id":"AQI=","public_key":"AwQ=","signature":"BQY="}`)}},
		Attempt: 2, Node: "n1", Host: &glovebox.Host{Agent: "v1", Runtime: "gvisor v2", Kernel: "6.1", Platform: "linux/amd64"},
		Causes: []glovebox.Cause{{Attempt: 1, Node: "n0", Reason: glovebox.ReasonNodeLost, EndedAt: at(1)}},
		Ledger: []glovebox.Resource{
			{Job: "j", Kind: "sandbox", Name: "j-1", Node: "n0", Attempt: 1, State: glovebox.ResourceGone, At: at(6)},
			{Job: "j", Kind: "sandbox", Name: "j-2", Node: "n1", Attempt: 2, State: glovebox.ResourceGone, At: at(5)},
		},
		CreatedAt: at(0), PlacedAt: at(2), StartedAt: at(3), EndedAt: at(4),
	}
}

// neverRan is a job that ended before it had a sandbox.
func neverRan() glovebox.Job {
	j := over()
	j.Status, j.Outcome, j.Reason = glovebox.StatusFailed, glovebox.StatusFailed, glovebox.ReasonImageUnavailable
	j.Fault = glovebox.Errorf(glovebox.KindTagUnknown, "no such tag")
	j.Artifacts, j.Findings = nil, nil
	j.Attempt, j.Node, j.Host, j.Ledger, j.Causes, j.Result, j.Approvals, j.Proof = 0, "", nil, nil, nil, nil, nil, nil
	j.Image.Digest, j.Command, j.Output = "", glovebox.Command{}, glovebox.Output{Sealed: true}
	j.PlacedAt, j.StartedAt = time.Time{}, time.Time{}
	return j
}

// cancelled is a job that somebody ended while it ran.
func cancelled() glovebox.Job {
	j := over()
	j.Status, j.Outcome, j.Result = glovebox.StatusCancelled, glovebox.StatusCancelled, nil
	j.Cancel = &glovebox.Cancel{By: "person:bob", At: t0}
	return j
}

func keysAt(t testing.TB, path string) *receipt.Keys {
	t.Helper()
	k, err := receipt.OpenKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func issuer(t testing.TB, from receipt.Source) *receipt.Issuer {
	t.Helper()
	return &receipt.Issuer{Keys: keysAt(t, filepath.Join(t.TempDir(), "keys")), Blobs: memory.New(), Source: from}
}

// issued is a job's receipt.
func issued(t testing.TB, i *receipt.Issuer, j glovebox.Job) []byte {
	t.Helper()
	ref, err := i.Issue(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	j.Status, j.Receipt = glovebox.StatusArchived, &ref
	text, err := i.Read(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// refused says that Verify refuses text in this way.
func refused(t *testing.T, text []byte, keys []receipt.Key, kind glovebox.Kind, field string) {
	t.Helper()
	s, err := receipt.Verify(text, keys)
	if glovebox.KindOf(err) != kind || glovebox.AsError(err).Field != field {
		t.Errorf("%v of kind %s on %q, want %s on %q", err, glovebox.KindOf(err), glovebox.AsError(err).Field, kind, field)
	}
	_ = s
}
