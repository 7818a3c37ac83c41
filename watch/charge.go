package watch

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// charge is what one rule has against a job.
type charge struct {
	innocent float64 // 1 − score; 0 means 1, before anything was added
	begun    bool
	evidence []string
	count    uint64
	last     time.Time
}

// add adds something that counts for weight.
func (c *charge) add(weight float64, count uint64, last time.Time, format string, args ...any) {
	if !c.begun {
		c.innocent, c.begun = 1, true
	}
	c.innocent *= 1 - weight
	c.count += count
	if last.After(c.last) {
		c.last = last
	}
	if weight > 0 && len(c.evidence) < MaxEvidence {
		c.evidence = append(c.evidence, Line(fmt.Sprintf(format, args...)))
	}
}

// score is between 0 and 1, with two digits.
func (c *charge) score() float64 {
	if !c.begun {
		return 0
	}
	return digit2(1 - c.innocent)
}

// Line makes one printable line of at most MaxEvidenceBytes of a text that a
// job may have had a hand in.
func Line(text string) string {
	const cut = "…"
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		piece := text[:n]
		switch {
		case r == utf8.RuneError && n == 1:
			piece = `\x` + strconv.FormatUint(uint64(text[0])|0x100, 16)[1:]
		case !strconv.IsPrint(r):
			piece = strings.Trim(strconv.QuoteRune(r), "'")
		}
		if b.Len()+len(piece) > MaxEvidenceBytes-len(cut) {
			return b.String() + cut
		}
		b.WriteString(piece)
		text = text[n:]
	}
	return b.String()
}
