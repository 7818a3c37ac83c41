package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/client"
	"glovebox/receipt"
)

// verifyFlags are what a receipt is held against.
type verifyFlags struct {
	key, job, spec string
	streams        []string
	json           bool
}

func (f *verifyFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.key, "key", "", "file of public keys (default receipt.pub of the data folder, else the server's)")
	fs.StringVar(&f.job, "job", "", "id of the job that it has to be of")
	fs.StringVar(&f.spec, "spec", "", "file with what was asked for: the body of POST /v1/jobs, or what `glovebox show --json` printed")
	fs.StringArrayVar(&f.streams, "stream", nil, "NAME=FILE: that the job's stdout, stderr, events … is this file; may be repeated")
	fs.BoolVar(&f.json, "json", false, "print the statement as JSON")
}

func (a *app) receiptVerifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use: "verify FILE|JOB", Short: "Check a receipt", Args: takes(1, 1),
		Long: `Check a receipt, in a file (- for stdin) or of a job, and print what it says. With a
file and a key no service is asked. Nothing is printed on stdout of a receipt that
is not good in every way.

Exit codes: 0 it is good; 68 it is no receipt, or not byte for byte as it was
issued; 73 signed by a key that is not among those given; 65 it was changed, or is
not of the job, the stream or the request that you have said; 71 the key has signed
it as something else; 75 it contradicts itself.`,
		Example: "  glovebox receipt verify receipt.json --key receipt.pub\n  glovebox receipt verify receipt.json --stream stdout=out.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, keys, err := a.receiptAndKeys(cmd.Context(), args[0], &f)
			if err != nil {
				return err
			}
			s, err := receipt.Verify(text, keys)
			if err == nil {
				err = f.hold(s)
			}
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(a.stdout, s)
			}
			return a.printLines(statementLines(s))
		},
	}
	f.define(cmd.Flags())
	return cmd
}

// receiptAndKeys reads what is to be checked, and with what. What is no file is
// a job, and then the receipt has to be of it.
func (a *app) receiptAndKeys(ctx context.Context, from string, f *verifyFlags) ([]byte, []receipt.Key, error) {
	text, err := a.readReceipt(from)
	if err != nil && (!errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(from, "/.")) {
		return nil, nil, glovebox.Errorf(glovebox.KindInvalid, "read the receipt: %w", err)
	}
	keys, have, kerr := a.givenKeys(f.key)
	if kerr != nil || err == nil && have {
		return text, keys, kerr
	}
	return text, keys, a.withClient(func(c *client.Client) error {
		if err != nil {
			id, err := jobID(ctx, c, from)
			if err != nil {
				return err
			}
			if text, err = getReceipt(ctx, c, id); err != nil {
				return err
			}
			f.job = id
		}
		if !have {
			keys, err = servedKeys(ctx, c)
			return err
		}
		return nil
	})
}

func (a *app) readReceipt(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(io.LimitReader(a.stdin, receipt.MaxBytes+1))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, receipt.MaxBytes+1))
}

// givenKeys are those of a file, or of this machine's instance if that is what
// commands go to; false if there are none.
func (a *app) givenKeys(path string) ([]receipt.Key, bool, error) {
	named := path != ""
	if !named {
		t, err := a.target()
		if err != nil || t.socket == "" {
			return nil, false, nil // there may be a server to ask; if not, that says why
		}
		l, err := a.layout()
		if err != nil {
			return nil, false, err
		}
		path = l.ReceiptPublic()
	}
	text, err := os.ReadFile(path)
	if err != nil {
		if !named {
			return nil, false, nil
		}
		return nil, false, glovebox.Errorf(glovebox.KindInvalid, "read the keys: %w", err).On("--key")
	}
	keys, err := receipt.ParseKeys(text)
	if err != nil && !named {
		return nil, false, nil
	}
	return keys, err == nil, err
}

// hold compares a statement that is true with what the caller has.
func (f *verifyFlags) hold(s receipt.Statement) error {
	if f.job != "" && s.Predicate.Job.ID != f.job {
		return glovebox.Errorf(glovebox.KindInvalid, "the receipt is of job %s, not of %s", s.Predicate.Job.ID, f.job).On("job")
	}
	for _, one := range f.streams {
		name, path, ok := strings.Cut(one, "=")
		if !ok {
			return glovebox.Errorf(glovebox.KindUsage, "--stream cannot be %q", one).Try("write it NAME=FILE, such as stdout=out.txt")
		}
		in, err := os.Open(path)
		if err != nil {
			return glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--stream")
		}
		err = s.Matches(name, in)
		in.Close()
		if err != nil {
			return err
		}
	}
	if f.spec == "" {
		return nil
	}
	spec, err := readSpec(f.spec)
	if err != nil {
		return err
	}
	return s.AskedFor(spec)
}

// readSpec reads a job's request, from itself or from the job as it is shown.
func readSpec(path string) (glovebox.Spec, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return glovebox.Spec{}, glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--spec")
	}
	var shown struct {
		Spec *wire.Spec `json:"spec"`
	}
	var body wire.Spec
	if err := errors.Join(json.Unmarshal(text, &shown), json.Unmarshal(text, &body)); err != nil {
		return glovebox.Spec{}, glovebox.Errorf(glovebox.KindMalformed, "%s is no request: %w", path, err).On("--spec")
	}
	if shown.Spec != nil {
		body = *shown.Spec
	}
	return body.Spec(), nil
}

// statementLines is what a statement says, for people.
func statementLines(s receipt.Statement) [][2]string {
	p := s.Predicate
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format("2006-01-02 15:04:05.000 MST")
	}
	outcome := string(p.End.Outcome)
	if p.End.Reason != "" {
		outcome += ", " + string(p.End.Reason)
	}
	if p.End.ExitCode != nil {
		outcome += fmt.Sprintf(", exit code %d", *p.End.ExitCode)
	}
	asked := p.Asked.By
	if n := len(p.Asked.Approvals); n > 0 {
		asked += fmt.Sprintf(", signed by %d", n)
	}
	lines := [][2]string{
		{"receipt", "good"}, {"job", p.Job.ID}, {"tenant", p.Job.Tenant}, {"outcome", outcome}, {"asked by", asked},
		{"image", strings.Trim(p.Image.Name+" "+p.Image.Digest, " ")},
		{"command", p.Command.Asked}, {"policy", p.Policy.Holds},
		{"runtime", strings.Trim(p.Runtime.Name+" "+p.Runtime.Version, " ")},
		{"node", p.Runtime.Node},
		{"created", stamp(p.Times.Created)}, {"started", stamp(p.Times.Started)}, {"ended", stamp(p.Times.Ended)},
	}
	for _, o := range p.Output.Streams {
		text := fmt.Sprintf("%s, sha256:%s", humanSize(o.Bytes), o.SHA256)
		if o.Damaged {
			text += ", damaged"
		}
		lines = append(lines, [2]string{o.Name, text})
	}
	for _, d := range p.Network.Decisions {
		what := "refused"
		if d.Allowed {
			what = "allowed"
		}
		lines = append(lines, [2]string{"network", strings.Join(strings.Fields(fmt.Sprintf("%d × %s %s %s %s", d.Count, d.Type, what, d.Rule, d.Reason)), " ")})
	}
	return append(lines, [2]string{"left", fmt.Sprintf("%d of %d that was made", p.Residue.Left, p.Residue.Made)})
}
