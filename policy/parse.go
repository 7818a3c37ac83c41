package policy

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
	"golang.org/x/net/idna"

	"glovebox"
)

// Parse reads a policy document, YAML or JSON, and returns it completed. It is
// strict: one document, which says its version, with known fields, each once
// and of the right type; no anchors, aliases, tags or nulls. Domains may be
// written in Unicode.
//
// KindTooLarge; KindMalformed for what is not YAML or has a wrong type;
// KindUnknownField and KindDuplicateField; what Policy.Complete says. Fields
// are like "policy.egress[3].domain"; where the document has lines, the message
// names the line.
func Parse(data []byte) (glovebox.Policy, error) {
	p, at, err := read(data)
	if err != nil {
		return glovebox.Policy{}, err
	}
	if p.Version == "" {
		return glovebox.Policy{}, glovebox.Errorf(glovebox.KindInvalid, "the document does not say its version").On("policy.version").
			Try("begin it with: version: %s", glovebox.PolicyVersion)
	}
	asciiDomains(&p)
	done, err := p.Complete()
	return done, at.located(err)
}

// read turns a document into a policy that is not checked.
func read(data []byte) (glovebox.Policy, lines, error) {
	if len(data) > glovebox.MaxPolicyBytes {
		return glovebox.Policy{}, nil, glovebox.Errorf(glovebox.KindTooLarge, "the document has %d bytes", len(data)).On("policy").
			Try("at most %d", glovebox.MaxPolicyBytes)
	}
	root, err := document(data)
	if err != nil {
		return glovebox.Policy{}, nil, err
	}
	var b bytes.Buffer
	w := writer{enc: jsontext.NewEncoder(&b), at: lines{}}
	if err := w.value(root, "policy", 0); err != nil {
		return glovebox.Policy{}, nil, err
	}
	var p glovebox.Policy
	if err := json.Unmarshal(b.Bytes(), &p, json.RejectUnknownMembers(true)); err != nil {
		return glovebox.Policy{}, nil, w.at.located(decodeError(err))
	}
	return p, w.at, nil
}

// document is the one YAML document that there is, as nodes: aliases are not
// followed, so nothing can grow.
func document(data []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, malformed("", "the document is empty", "begin it with: version: %s", glovebox.PolicyVersion)
	case err != nil:
		return nil, malformed("", "not YAML: "+clean(err), "see docs/policy.md")
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, malformed("", "there is more than one document", "keep one document in a file, without ---")
	}
	return doc.Content[0], nil
}

// clean is the text of a YAML error in one printable line.
func clean(err error) string {
	s := strings.TrimPrefix(err.Error(), "yaml: ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return s[:min(len(s), 200)]
}

func malformed(field, message, hint string, args ...any) error {
	if field == "" {
		field = "policy"
	}
	return glovebox.Errorf(glovebox.KindMalformed, "%s", message).On(field).Try(hint, args...)
}

// asciiDomains spells names in Unicode as DNS does. What cannot be spelled so
// stays, for Complete to refuse.
func asciiDomains(p *glovebox.Policy) {
	to := func(d string) string {
		rest, wild := strings.CutPrefix(d, "*.")
		if !strings.ContainsFunc(rest, func(r rune) bool { return r > '~' }) {
			return d
		}
		a, err := idna.Lookup.ToASCII(rest)
		switch {
		case err != nil:
			return d
		case wild:
			return "*." + a
		}
		return a
	}
	for i := range p.Egress {
		p.Egress[i].Domain = to(p.Egress[i].Domain)
	}
	for i := range p.Secrets {
		p.Secrets[i].Domain = to(p.Secrets[i].Domain)
	}
}
