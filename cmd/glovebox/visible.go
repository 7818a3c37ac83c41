package main

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// A job's output is hostile. On a terminal its escape sequences could rewrite
// what stands there, set the title or type for the user; so they are shown in
// a visible form there. Into a file or a pipe every byte goes as it is.

// terminalSafe wraps f if it is a terminal.
func terminalSafe(f *os.File, raw bool) io.Writer {
	if raw || !isTerminal(f) {
		return f
	}
	return &visible{w: f}
}

// visible makes control characters inert. It keeps the bytes of a character
// that is not complete yet for the next write.
type visible struct {
	w    io.Writer
	rest []byte
	out  []byte
}

func (v *visible) Write(p []byte) (int, error) {
	in := p
	if len(v.rest) > 0 {
		in = append(v.rest, p...)
	}
	v.out = v.out[:0]
	for len(in) > 0 && utf8.FullRune(in) {
		r, n := utf8.DecodeRune(in)
		v.out = appendVisible(v.out, r, in[:n])
		in = in[n:]
	}
	v.rest = append([]byte(nil), in...)
	if _, err := v.w.Write(v.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what no longer can become a character.
func (v *visible) Flush() error {
	var out []byte
	for _, b := range v.rest {
		out = fmt.Appendf(out, `\x%02x`, b)
	}
	v.rest = nil
	_, err := v.w.Write(out)
	return err
}

func appendVisible(out []byte, r rune, raw []byte) []byte {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Appendf(out, `\x%02x`, raw[0])
	case r == '\n', r == '\t', r == '\r':
		return append(out, byte(r))
	case r < ' ':
		return append(out, '^', byte(r)+'@')
	case r == 0x7f:
		return append(out, "^?"...)
	case r >= 0x80 && r < 0xa0, reorders(r):
		return fmt.Appendf(out, `\u%04x`, r)
	}
	return append(out, raw...)
}

// reorders lists the characters that make text read differently from how it is.
func reorders(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r == 0x2028 || r == 0x2029 ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// inert is the visible form of a string on one line.
func inert(s string) string {
	var out []byte
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch r {
		case '\n', '\t', '\r':
			out = fmt.Appendf(out, `\%c`, map[rune]rune{'\n': 'n', '\t': 't', '\r': 'r'}[r])
		default:
			out = appendVisible(out, r, []byte(s[i:i+n]))
		}
		i += n
	}
	return string(out)
}

// flush writes what a visible writer holds back.
func flush(w io.Writer) error {
	if v, ok := w.(*visible); ok {
		return v.Flush()
	}
	return nil
}
