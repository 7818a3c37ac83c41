package interp

import "testing"

func TestFits(t *testing.T) {
	usual := []string{"PATH=/usr/bin", "HOME=/root", "LANG=C.UTF-8", "PYTHON_VERSION=3.12", "PYTHON_SHA256=0", "TZ=UTC", "E="}
	for _, c := range []struct {
		interpreter string
		argv, env   []string
		want        bool
	}{
		{Python, []string{"python3", "-c", "print(1)"}, usual, true},
		{Python, []string{"python3", "-c", "", "-x", ""}, nil, true},
		{Python, []string{"python", "a.py", "-c", "-m"}, nil, true},
		{Python, []string{"/usr/local/bin/python3", "./a.py"}, nil, true},
		{Python, []string{"python3"}, nil, false},
		{Python, nil, nil, false},
		{Python, []string{"python3", "-c"}, nil, false},
		{Python, []string{"python3", "-m", "x"}, nil, false},
		{Python, []string{"python3", "-u", "a.py"}, nil, false},
		{Python, []string{"python3", "-cprint(1)"}, nil, false},
		{Python, []string{"python3", "-"}, nil, false},
		{Python, []string{"python3", ""}, nil, false},
		{Python, []string{"python2", "a.py"}, nil, false},
		{Python, []string{"node", "a.py"}, nil, false},
		{Python, []string{"python3", "-c", "\xff"}, nil, false},
		{Python, []string{"python3", "a\x00"}, nil, false},
		{Python, []string{"python3", "a.py"}, []string{"PYTHONPATH=/x"}, false},
		{Python, []string{"python3", "a.py"}, []string{"PYTHON_GIL=0"}, false},
		{Python, []string{"python3", "a.py"}, []string{"LD_PRELOAD=/x"}, false},
		{Python, []string{"python3", "a.py"}, []string{"MALLOC_ARENA_MAX=1"}, false},
		{Python, []string{"python3", "a.py"}, []string{"LANG=de_DE.ISO-8859-1"}, false},
		{Python, []string{"python3", "a.py"}, []string{"LC_ALL=de_DE"}, false},
		{Python, []string{"python3", "a.py"}, []string{"LC_ALL=C", "LC_CTYPE=", "LANG=de_DE.utf8@euro", "NODE_OPTIONS=x"}, true},
		{Python, []string{"python3", "a.py"}, []string{"A"}, false},
		{Python, []string{"python3", "a.py"}, []string{"A=1", "A=2"}, false},
		{Python, []string{"python3", "a.py"}, []string{"=1"}, false},
		{Python, []string{"python3", "a.py"}, []string{"A=\xff"}, false},
		{Node, []string{"node", "-e", "1"}, []string{"NODE_VERSION=20", "NODE_ENV=test", "PYTHONPATH=x"}, true},
		{Node, []string{"/usr/bin/node", "a.js", "--x", "-e"}, nil, true},
		{Node, []string{"node", "-e", "1", "a", "--b"}, nil, true},
		{Node, []string{"node", "-e", "1", "--trace-gc"}, nil, false},
		{Node, []string{"node", "-e", "-1"}, nil, false},
		{Node, []string{"node", "-p", "1"}, nil, false},
		{Node, []string{"node", "--inspect", "a.js"}, nil, false},
		{Node, []string{"node", "inspect"}, nil, false},
		{Node, []string{"node", "a.js"}, []string{"NODE_OPTIONS=--inspect"}, false},
		{Node, []string{"node", "a.js"}, []string{"LANG=de_DE.UTF-8"}, false},
		{Node, []string{"node", "a.js"}, []string{"SSL_CERT_FILE=/x"}, false},
		{"", []string{"node", "a.js"}, nil, false},
		{"ruby", []string{"ruby", "a.rb"}, nil, false},
	} {
		if got := Fits(c.interpreter, c.argv, c.env); got != c.want {
			t.Errorf("Fits(%q, %q, %q) = %v", c.interpreter, c.argv, c.env, got)
		}
	}
}
