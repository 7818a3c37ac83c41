package glovebox

// Access is what one attempt may touch outside of its sandbox, with the secrets
// opened. It is what remains of a Policy on the node. It holds secrets: it is
// kept in memory only, and never printed.
type Access struct {
	Revision int64 // grows with every change of the job's policy
	Egress   []EgressRule
	Observe  bool
	Headers  []HeaderSecret
	Files    []File // those of the start count

	Watch   WatchPolicy // for what of what it does the job is ended
	Profile *Profile    // that it is held against; nil = none
}

// HeaderSecret is put into each request to a domain on its way out.
type HeaderSecret struct {
	Domain string // exact
	Header string
	Value  SecretValue // with its prefix
}

// Networked says whether a sandbox needs a link of its own for it.
func (a Access) Networked() bool { return Policy{Egress: a.Egress, Observe: a.Observe}.Networked() }
