package receipt

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"glovebox"
	"glovebox/policy"
)

// Matches says whether what r reads is what the statement says of a stream,
// such as "stdout". KindNotFound if it says nothing of it; KindInvalid on the
// stream's name if it is something else; r's error.
func (s Statement) Matches(stream string, r io.Reader) error {
	for _, one := range s.Predicate.Output.Streams {
		if one.Name != stream {
			continue
		}
		sums := sha256.New()
		if _, err := io.Copy(sums, r); err != nil {
			return err
		}
		if hex.EncodeToString(sums.Sum(nil)) != one.SHA256 {
			return glovebox.Errorf(glovebox.KindInvalid, "this is not the %s of job %s", stream, s.Predicate.Job.ID).On(stream).
				Try("it has %d bytes and the hash %s", one.Bytes, one.SHA256)
		}
		return nil
	}
	return glovebox.Errorf(glovebox.KindNotFound, "the receipt of job %s says nothing of a stream %q", s.Predicate.Job.ID, clip(stream))
}

// AskedFor says whether spec is what was asked for, as far as hashes of it are
// stated: its command, and the policy. KindInvalid on "cmd" or "policy".
func (s Statement) AskedFor(spec glovebox.Spec) error {
	if CommandSum(spec) != s.Predicate.Command.Asked {
		return glovebox.Errorf(glovebox.KindInvalid, "job %s was to run something else", s.Predicate.Job.ID).On("cmd").
			Try("entrypoint, cmd, names of env, workdir, user and template count")
	}
	var p glovebox.Policy
	if spec.Policy != nil {
		var err error
		if p, err = spec.Policy.Complete(); err != nil {
			return err
		}
	}
	if policy.Sum(p) != s.Predicate.Policy.Asked {
		return glovebox.Errorf(glovebox.KindInvalid, "job %s was submitted with another policy", s.Predicate.Job.ID).On("policy")
	}
	return nil
}
