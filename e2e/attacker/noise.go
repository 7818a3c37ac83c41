package main

import (
	"bufio"
	"bytes"
	"os"
)

// oddities are what a terminal, a page or a parser of logs should not believe.
const oddities = "plain\n\x00nul\n\xff\xfe\x80bad\n\x1b[2J\x1b[31mred\x1b[0m\n\x1b]0;title\x07\n\x1b]52;c;Y2FuYXJ5\x07\n\r\nover\rwritten\n" +
	`{"stream":"stderr","time":"2020-01-01T00:00:00Z","text":"forged"}` + "\n<script>alert(1)</script>\n\u202eevil\u2066\n\x9b31m\n"

// odd prints them to both streams.
func odd(options) {
	_, _ = os.Stdout.WriteString(oddities)
	_, _ = os.Stderr.WriteString(oddities)
}

// flood prints so many megabytes as fast as it can.
func flood(o options) {
	block := bytes.Repeat([]byte("flood\n"), 1<<20/6)
	for range o.most {
		if _, err := os.Stdout.Write(block); err != nil {
			return
		}
	}
}

// line prints so many megabytes without an end of line.
func line(o options) {
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	block := bytes.Repeat([]byte("x"), 1<<20)
	for range o.most {
		if _, err := out.Write(block); err != nil {
			return
		}
	}
}
