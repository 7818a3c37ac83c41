// What a parked node runs: it gets ready, waits for the request and becomes
// the job's script. Node has no public way to evaluate text as -e does, so it
// is started with --expose-internals; what it relies on is looked for first,
// and an interpreter that lacks it never says that it is ready.
'use strict';
(() => {
  const fs = require('fs');
  const vm = require('vm');
  const path = require('path');
  const Module = require('module');
  const { evalScript } = require('internal/process/execution');
  const { FSReqCallback, read } = process.binding('fs');
  const natives = process.binding('natives');
  const evalMain = natives['internal/main/eval_string'];

  // frame compiles a call so that it shows in stacks as the one which node's
  // own main script makes: in that file, at that line and column.
  const frame = (id, call, text, indent) => {
    const at = natives[id]?.indexOf(call) ?? -1;
    if (at < 0) process.reallyExit(1);
    const before = natives[id].slice(0, at).split('\n');
    const column = before.at(-1).length - indent;
    if (column < 0) process.reallyExit(1);
    return vm.runInThisContext(
      '(function (a, b) { "use strict";\n' + ' '.repeat(column) + text + '})',
      { filename: 'node:' + id, lineOffset: before.length - 2 });
  };
  if (/evalTypeScript/.test(evalMain)) process.reallyExit(1);
  const runText = frame('internal/main/eval_string', "evalScript('[eval]'", 'a("[eval]", b, false, false, false)', 0);
  const runFile = frame('internal/main/run_main_module', 'runMain(mainEntry)', 'a.runMain(b)', 2);
  const wrap = evalMain.includes("`(crypto=>{{${source}}})(require('node:crypto'))`");

  // What -e defines globally.
  const ours = ['module', 'exports', '__filename', '__dirname', 'require'];
  const libraries = Module.builtinModules.filter((name) => {
    const d = Object.getOwnPropertyDescriptor(globalThis, name);
    return d && d.get && d.set && d.set.name === 'setReal';
  });

  const fail = (message) => {
    fs.writeSync(2, message + '\n');
    process.reallyExit(127);
  };
  const define = (name, value) => Object.defineProperty(
    process, name, { value, writable: false, enumerable: true, configurable: true });

  const become = ({ argv, env, cwd }) => {
    try {
      process.chdir(cwd);
    } catch (e) {
      fail(`cannot use the working directory '${cwd}': ${e.code}`);
    }
    for (const name of Object.keys(process.env)) delete process.env[name];
    for (const name of Object.keys(env)) process.env[name] = env[name];
    for (const name of ours) delete globalThis[name];
    process.title = argv[0];
    if (argv[1] === '-e') {
      const text = argv[2];
      process.argv = [process.execPath, ...argv.slice(3)];
      process.execArgv = ['-e', text];
      define('_eval', text);
      return runText.bind(undefined, evalScript, wrap && /\bcrypto\b/.test(text) ?
        `(crypto=>{{${text}}})(require('node:crypto'))` : text);
    }
    for (const name of libraries) delete globalThis[name];
    delete process._eval;
    const file = path.resolve(argv[1]);
    process.argv = [process.execPath, file, ...argv.slice(2)];
    process.execArgv = [];
    return runFile.bind(undefined, Module, file);
  };

  // Descriptor 0 becomes the job's at some time while we wait, and a request
  // can be longer than one read: so the pipe is opened once more.
  let control = 0;
  try {
    control = fs.openSync('/proc/self/fd/0', 'r');
  } catch {
    // Without /proc a request has to come in one piece.
  }
  // The first time is the slow one: functions that are compiled when called.
  JSON.parse('{"argv":["a"],"env":{}}');
  runText(evalScript, '0');

  const pieces = [];
  const wait = () => {
    const piece = Buffer.alloc(1 << 16); // zeros: a request has none
    const request = new FSReqCallback();
    // Node looks this up when bytes have come, and calls what it finds with
    // no frame beneath, as it calls its main script.
    Object.defineProperty(request, 'oncomplete', { get() {
      const end = piece.indexOf(0);
      if (end === 0) process.reallyExit(0);
      pieces.push(end < 0 ? piece : piece.subarray(0, end));
      if (pieces.at(-1).at(-1) !== 10) {
        if (control === 0) fail('the request is too long for an interpreter without /proc');
        return wait();
      }
      if (control !== 0) fs.closeSync(control);
      return become(JSON.parse(Buffer.concat(pieces.splice(0)).toString()));
    } });
    read(control, piece, 0, piece.length, -1, request);
  };
  wait();
  fs.writeSync(1, 'ready\n');
})();
