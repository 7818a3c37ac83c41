package main

import (
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) auditVerifyCommand() *cobra.Command {
	var tenant, expect string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that no event was changed, removed or put in", Args: takes(0, 0),
		Long: `Fetch every event of your tenant and compute the chain of hashes anew: each event
holds the hash of the one before. Any change, gap or insertion is named, and the
exit code is not 0.

What a chain cannot show by itself is that its end was cut off, or that all of it
was written anew. So note the last line somewhere else, and give it the next time
with --expect.`,
		Example: "  glovebox audit verify\n  glovebox audit verify --expect 1042:5f3a…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			noted, err := parseNoted(expect)
			if err != nil {
				return err
			}
			c, err := a.auditClient(tenant)
			if err != nil {
				return err
			}
			defer c.Close()
			v, err := verifyChain(c.Audit(cmd.Context(), client.AuditFilter{Tenant: tenant, PageSize: auditPage}), noted)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(a.stdout, v)
			}
			return a.printLines([][2]string{
				{"events", fmt.Sprint(v.Events)}, {"first", fmt.Sprint(v.First)}, {"last", fmt.Sprint(v.Last)},
				{"note this", fmt.Sprintf("%d:%s", v.Last, v.Hash)},
			})
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&tenant, "tenant", "", "of another tenant (on the server's machine, as root)")
	fs.StringVar(&expect, "expect", "", "SEQ:HASH, as noted earlier, that must still be there")
	fs.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// verified is what was found of a chain that is whole.
type verified struct {
	Events int64  `json:"events"`
	First  int64  `json:"first"`
	Last   int64  `json:"last"`
	Hash   string `json:"hash"`
}

// noted is an event that somebody wrote down. The zero value is none.
type noted struct {
	seq  int64
	hash string
}

func parseNoted(text string) (noted, error) {
	if text == "" {
		return noted{}, nil
	}
	number, hash, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	raw, herr := hex.DecodeString(hash)
	if err != nil || seq < 1 || herr != nil || len(raw) != 32 {
		return noted{}, glovebox.Errorf(glovebox.KindUsage, "--expect cannot be %q", text).Try("give SEQ:HASH as glovebox audit verify printed it")
	}
	return noted{seq, strings.ToLower(hash)}, nil
}

// auditRun is how many events are checked at one time, so that a long chain
// takes no memory.
const auditRun = 1000

// verifyChain checks all events of a tenant, from the first on. Runs overlap by
// one event, so that nothing hides between them.
func verifyChain(events iter.Seq2[glovebox.AuditEvent, error], want noted) (verified, error) {
	var v verified
	var run []glovebox.AuditEvent
	found := want == noted{}
	check := func() error {
		if err := glovebox.VerifyChain(run); err != nil {
			e := glovebox.AsError(err)
			return glovebox.Errorf(e.Kind, "the audit log is not what was written: %w", err).Try("compare with a backup of the store from before")
		}
		run = append(run[:0], run[len(run)-1])
		return nil
	}
	for e, err := range events {
		if err != nil {
			return v, err
		}
		if v.Events == 0 {
			if v.First = e.Seq; e.Seq != 1 {
				return v, glovebox.Errorf(glovebox.KindInvalid, "the audit log is not what was written: it begins with event %d", e.Seq).
					Try("compare with a backup of the store from before")
			}
		}
		if run = append(run, e); len(run) > auditRun {
			if err := check(); err != nil {
				return v, err
			}
		}
		v.Events, v.Last, v.Hash = v.Events+1, e.Seq, e.Hash
		if e.Seq == want.seq {
			if found = e.Hash == want.hash; !found {
				return v, glovebox.Errorf(glovebox.KindInvalid, "the audit log is not what was written: event %d had another hash when it was noted", e.Seq).
					Try("compare with a backup of the store from before")
			}
		}
	}
	if len(run) > 0 {
		if err := check(); err != nil {
			return v, err
		}
	}
	if !found {
		return v, glovebox.Errorf(glovebox.KindInvalid, "the audit log is not what was written: it ends with event %d, and %d was there", v.Last, want.seq).
			Try("compare with a backup of the store from before")
	}
	return v, nil
}
