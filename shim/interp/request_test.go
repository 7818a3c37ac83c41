package interp

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestRequest(t *testing.T) {
	line, err := Request([]string{"python3", "-c", "print('<é>')\n"}, []string{"Z=1", "A=b=c", "E="}, "/x")
	const want = `{"argv":["python3","-c","print('<é>')\n"],"env":{"Z":"1","A":"b=c","E":""},"cwd":"/x"}` + "\n"
	if err != nil || string(line) != want {
		t.Errorf("%s, %v", line, err)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("python3", "A", "\"\\\n\u2028\x1f😀")
	f.Fuzz(func(t *testing.T, arg, name, value string) {
		line, err := Request([]string{arg}, []string{name + "=" + value}, "/")
		if err != nil {
			return
		}
		if strings.Count(string(line), "\n") != 1 || strings.ContainsRune(string(line), 0) {
			t.Fatalf("not one line: %q", line)
		}
		var got struct {
			Argv []string
			Env  map[string]string
			Cwd  string
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		name, value, _ = strings.Cut(name+"="+value, "=")
		if got.Argv[0] != arg || got.Cwd != "/" || !reflect.DeepEqual(got.Env, map[string]string{name: value}) {
			t.Fatalf("%q became %+v", line, got)
		}
	})
}

func TestRequestRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		argv, env []string
		cwd       string
	}{
		"argv is empty": {nil, nil, "/"},
		"argv[1]":       {[]string{"a", "\xff"}, nil, "/"},
		"env[1] is not": {[]string{"a"}, []string{"A=1", "B"}, "/"},
		"env[0] is not": {[]string{"a"}, []string{"=1"}, "/"},
		"env[0] (":      {[]string{"a"}, []string{"A=\x00"}, "/"},
		"second value":  {[]string{"a"}, []string{"A=1", "A=1"}, "/"},
		"cwd":           {[]string{"a"}, nil, "x"},
		`cwd ""`:        {[]string{"a"}, nil, ""},
	} {
		if _, err := Request(c.argv, c.env, c.cwd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not %q but %v", want, err)
		}
	}
}

func TestArgs(t *testing.T) {
	for _, c := range [][2]string{{"python3", "python3"}, {"ruby", "/usr/bin/ruby"}, {"", "/bin/sh"}, {"node", ""}} {
		if args, err := Args(c[0], c[1]); err == nil {
			t.Errorf("Args(%q) = %q", c, args)
		}
	}
	args, err := Args(Node, "/usr/bin/node")
	if err != nil || args[0] != "/usr/bin/node" {
		t.Errorf("%q, %v", args, err)
	}
}
