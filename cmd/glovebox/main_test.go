package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/receipt"
	"glovebox/secret"
	"glovebox/store/memory"
	"glovebox/template"
	"glovebox/tenant"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"glovebox": main})
}

// TestScripts runs the commands against an API whose sandboxes are ordinary
// processes of this machine.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			keys, err := secret.OpenKeys(filepath.Join(env.WorkDir, "keys"))
			if err != nil {
				return err
			}
			var receipts receipt.Desk
			server := apitest.Start(t, func(c *api.Config) {
				receipts = startReceipts(t, env.WorkDir, c)
				c.Templates, c.Secrets = template.Open(memory.New(), anyImage{}, nil), secret.Open(memory.New(), keys, nil)
				c.Tenants, c.Forbidden = tenant.Open(memory.New(), nil), forbiddenAddress
			})
			node := startNode(t, server, receipts)
			env.Defer(node.stop)
			env.Values[theServer{}] = server
			run := filepath.Join(env.WorkDir, "data", "run")
			if err := os.MkdirAll(run, 0o755); err != nil {
				return err
			}
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Setenv("GLOVEBOX_DATA", filepath.Dir(run))
			return os.Symlink(server.Socket, filepath.Join(run, "api.sock"))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"waitfor": waitFor,
			"service": func(ts *testscript.TestScript, away bool, _ []string) { service(t, ts, away) },
		},
	})
}

// theServer is where a script keeps its API.
type theServer struct{}

// service takes the API away from its callers, or brings it back.
func service(t testing.TB, ts *testscript.TestScript, away bool) {
	server := ts.Value(theServer{}).(*apitest.Server)
	if away {
		server.Kill()
	} else {
		server.Up(t)
	}
}

// waitFor waits until a file exists and holds a text.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: waitfor FILE")
	}
	if !eventually(func() bool {
		st, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil && st.Size() > 0
	}) {
		ts.Fatalf("%s never appeared", args[0])
	}
}
