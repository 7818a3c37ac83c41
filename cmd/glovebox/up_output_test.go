package main

import (
	"bytes"
	"testing"
)

func TestWithoutNoise(t *testing.T) {
	var out bytes.Buffer
	w := withoutNoise{&out}
	keep := []string{"containerd | level=warning msg=other\n", "control | failed check for fsverity support\n"}
	for _, line := range append(keep,
		`containerd | time="x" level=warning msg="failed check for fsverity support" error="y" path=/z`+"\n",
		`{"process":"containerd","time":"x","msg":"level=warning msg=\"failed check for fsverity support\""}`+"\n",
	) {
		if n, err := w.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	if out.String() != keep[0]+keep[1] {
		t.Fatalf("%q", out.String())
	}
}
