package main

import (
	"bytes"
	"testing"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\r\n":      "plain\ttext\r\n",
		"\x1b[2Jboo":           "^[[2Jboo",
		"\x1b]0;title\x07":     "^[]0;title^G",
		"del\x7f nul\x00":      "del^? nul^@",
		"grüße 日本 🎉":           "grüße 日本 🎉",
		"bad \xff\xc3(":        `bad \xff\xc3(`,
		"c1 \u009b31m":         `c1 \u009b31m`,
		"bidi \u202etxt.exe":   `bidi \u202etxt.exe`,
		"cut off \xe6\x97":     `cut off \xe6\x97`,
		"line\u2028end\u200f.": `line\u2028end\u200f.`,
	} {
		// In one piece and byte by byte it reads the same.
		for _, step := range []int{len(in), 1} {
			var out bytes.Buffer
			v := &visible{w: &out}
			for i := 0; i < len(in); i += step {
				if n, err := v.Write([]byte(in[i : i+step])); n != step || err != nil {
					t.Fatal(n, err)
				}
			}
			if err := v.Flush(); err != nil {
				t.Fatal(err)
			}
			if out.String() != want {
				t.Errorf("%q by %d: %q, want %q", in, step, out.String(), want)
			}
		}
	}
	if got := inert("a\nb\tc\r\x1b\xff"); got != `a\nb\tc\r^[\xff` {
		t.Errorf("%q", got)
	}
}
