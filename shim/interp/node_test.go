package interp

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type nodeCase struct {
	name, code string
	args       []string // of main.js or another file if the first is one
	env        []string
	stdin      string
}

const showNode = `
console.log(process.argv, process.execArgv, process.execPath, process.title, process._eval, process.exitCode);
console.log(Object.getOwnPropertyNames(globalThis), Object.keys(process).filter((k) => k !== 'argv0'));
console.log(typeof module, typeof exports, typeof require, __filename, __dirname, require.main === module, module.id, module.filename, module.paths, module.loaded, module.children);
console.log(Object.keys(require.cache), process.mainModule === module, this === globalThis, this === exports);
console.log(process.cwd(), process.eventNames(), process.listenerCount('exit'));
`

var nodeCases = []nodeCase{
	{name: "print", code: `console.log(1, process.argv.slice(1))`, args: []string{"a", "b c", "ü€😀", "", "\"\\\n\u2028"}},
	{name: "state", code: showNode, args: []string{"a"}},
	{name: "state of a file", code: showNode, args: []string{"main.js", "a", "-e", "--x"}},
	{name: "state of a file in a folder", code: showNode, args: []string{"./sub/../main.js"}},
	{name: "state of a link", code: showNode, args: []string{"sub/link.js"}},
	{name: "no ending", code: showNode, args: []string{"main"}},
	{name: "absolute path", code: showNode, args: []string{"$DIR/main.js"}},
	{name: "environment", code: `console.log(process.env, require('child_process').execFileSync('/usr/bin/env').toString())`, env: []string{"Z=1", "A=b=c", "Ä=ö€", "EMPTY=", "Q=\"'\\\n\t😀"}},
	{name: "zone", code: `console.log(new Date(0).toString(), Intl.DateTimeFormat().resolvedOptions())`, env: []string{"TZ=Asia/Tokyo"}},
	{name: "stack", code: "console.log(new Error('x').stack)\nfunction f() { console.trace('y') }\nf()"},
	{name: "stack of a file", code: "console.log(new Error('x').stack)\nfunction f() { console.trace('y') }\nf()", args: []string{"main.js"}},
	{name: "full stack", code: "Error.stackTraceLimit = 100; console.log(new Error('x').stack)"},
	{name: "full stack of a file", code: "Error.stackTraceLimit = 100; console.log(new Error('x').stack)", args: []string{"main.js"}},
	{name: "error", code: "function f() { throw new TypeError('x') }\nf()"},
	{name: "error in a file", code: "function f() {\n  throw new TypeError('x', { cause: 1 })\n}\nf()", args: []string{"main.js"}},
	{name: "error that is none", code: "throw 3"},
	{name: "error later", code: "setTimeout(() => { throw new Error('t') }, 1)"},
	{name: "rejection", code: "Promise.reject(new Error('r'))"},
	{name: "rejection of nothing", code: "Promise.reject()"},
	{name: "caught at last", code: "process.on('uncaughtException', (e, o) => console.log(e.message, o)); throw new Error('c')"},
	{name: "order", code: `
setImmediate(() => console.log('immediate'));
Promise.resolve().then(() => console.log('promise'));
process.nextTick(() => console.log('tick'));
queueMicrotask(() => console.log('microtask'));
console.log('main');`},
	{name: "order in a file", code: `
setImmediate(() => console.log('immediate'));
Promise.resolve().then(() => console.log('promise'));
process.nextTick(() => console.log('tick'));
console.log('main');`, args: []string{"main.js"}},
	{name: "exit", code: "process.exit(7)"},
	{name: "exit code", code: "process.exitCode = 9; process.on('exit', (c) => console.log('exit', c)); process.on('beforeExit', () => console.log('before'))"},
	{name: "interrupted", code: "process.kill(process.pid, 'SIGINT'); setTimeout(() => {}, 5000)"},
	{name: "interrupt caught", code: "process.on('SIGINT', () => { console.log('int'); process.exit(3) }); process.kill(process.pid, 'SIGINT'); setTimeout(() => {}, 5000)"},
	{name: "terminated", code: "process.kill(process.pid); setTimeout(() => {}, 5000)"},
	{name: "aborted signal", code: "process.kill(process.pid, 'SIGKILL')"},
	{name: "input", code: "process.stdin.setEncoding('utf8').on('data', (d) => process.stdout.write(JSON.stringify(d))).on('end', () => console.log('end'))", stdin: "a\r\nü€"},
	{name: "input at once", code: "console.log(require('fs').readFileSync(0, 'utf8'))", stdin: "abc"},
	{name: "streams", code: "for (const s of [process.stdin, process.stdout, process.stderr]) console.log(s.constructor.name, s.fd, s.isTTY, s.writableHighWaterMark, s.readableHighWaterMark, s._type)"},
	{name: "error output", code: "console.error('e'); process.stderr.write('f'); console.log('o')"},
	{name: "much output", code: "for (let i = 0; i < 20000; i++) console.log(i); console.error('e'.repeat(100000))"},
	{name: "descriptors", code: "console.log(require('fs').readdirSync('/proc/self/fd').filter((f) => { try { return !/anon_inode|\\/proc\\/|^pipe/.test(require('fs').readlinkSync('/proc/self/fd/' + f)) || f < 3 } catch { return false } }))"},
	{name: "libraries", code: "console.log(path.join('a', 'b'), typeof fs, os.EOL, typeof url)"},
	{name: "libraries in a file", code: "console.log(typeof path, typeof fs, typeof crypto.subtle, typeof os)", args: []string{"main.js"}},
	{name: "crypto", code: "console.log(crypto.createHash('sha256').update('a').digest('hex'))"},
	{name: "crypto in a file", code: "console.log(typeof crypto.getRandomValues, typeof require('crypto').createHash)", args: []string{"main.js"}},
	{name: "require", code: "console.log(require('./other').x, require('./data.json'), require.resolve('./other'))"},
	{name: "require in a file", code: "console.log(require('./other').x, module.children.length, require('./other').parent === module)", args: []string{"main.js"}},
	{name: "require missing", code: "require('./none')", args: []string{"main.js"}},
	{name: "import", code: "import('./m.mjs').then((m) => console.log(m.default))"},
	{name: "module", code: "import fs from 'fs'; console.log(import.meta.url.slice(-8), typeof fs, typeof require, typeof module); await 1; console.log('x')", args: []string{"main.mjs"}},
	{name: "module fails", code: "import fs from 'fs'\nthrow new Error('m')", args: []string{"main.mjs"}},
	{name: "module left hanging", code: "await new Promise(() => {})", args: []string{"main.mjs"}},
	{name: "worker", code: "const { Worker } = require('worker_threads'); new Worker('require(\"worker_threads\").parentPort.postMessage(process.argv.length)', { eval: true }).on('message', console.log)"},
	{name: "spawn of itself", code: "console.log(require('child_process').spawnSync(process.execPath, ['-p', 'process.argv'], { encoding: 'utf8' }).stdout)"},
	{name: "fork", code: "if (process.send) { process.send(process.argv.slice(2)); process.disconnect() } else require('child_process').fork(__filename, ['k']).on('message', console.log)", args: []string{"main.js"}},
	{name: "syntax error", code: "let = = 1"},
	{name: "syntax error in a file", code: "console.log(1)\nlet x = (\n", args: []string{"main.js"}},
	{name: "missing file", args: []string{"none.js"}},
	{name: "folder", args: []string{"sub"}},
	{name: "package", args: []string{"pack"}},
	{name: "strict", code: "'use strict'; x = 1"},
	{name: "sloppy", code: "x = 1; console.log(globalThis.x, this === globalThis, typeof module.exports)"},
	{name: "empty", code: ""},
	{name: "empty file", code: "", args: []string{"main.js"}},
	{name: "shebang", code: "#!/usr/bin/env node\nconsole.log('s')", args: []string{"main.js"}},
	{name: "warning", code: "console.log(process.listeners('warning').length); process.removeAllListeners('warning').on('warning', (w) => console.log(w.name, w.message)); process.emitWarning('w')"},
	{name: "many arguments", code: "console.log(process.argv.length, process.argv.join('').length)", args: strings.Fields(strings.Repeat(strings.Repeat("y", 100)+" ", 15_000))},
	{name: "async context", code: "const a = new (require('async_hooks').AsyncLocalStorage)(); a.run(1, () => setTimeout(() => console.log(a.getStore()), 1)); console.log(a.getStore())"},
}

// TestNode runs every script in a parked node and in one started for it.
func TestNode(t *testing.T) {
	found, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: there is no node on this machine")
	}
	out, err := exec.Command(found, "-p", "process.execPath").Output()
	if err != nil {
		t.Fatal(err)
	}
	exe := strings.TrimSpace(string(out))
	for _, c := range nodeCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			for name, text := range map[string]string{
				"other.js": "exports.x = 2; exports.parent = module.parent", "data.json": `{"a":1}`, "m.mjs": "export default 3", "pack/index.js": "console.log(process.argv, require.main === module)",
			} {
				put(t, filepath.Join(dir, name), text)
			}
			args := append([]string{"-e", c.code}, c.args...)
			if len(c.args) > 0 && (c.code == "" || strings.Contains(c.args[0], "main") || strings.HasSuffix(c.args[0], ".js")) {
				args = slices.Clone(c.args)
				name := "main.js"
				if c.args[0] == "main.mjs" {
					name = "main.mjs"
				}
				put(t, filepath.Join(dir, name), c.code)
				put(t, filepath.Join(dir, "sub/link.js"), c.code)
			}
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "$DIR", dir)
			}
			base := []string{"PATH=" + filepath.Dir(exe) + ":/usr/bin:/bin"}
			equal(t, Node, exe, base, job{append([]string{"node"}, args...), append(base[:1:1], c.env...), dir, c.stdin})
		})
	}
}
