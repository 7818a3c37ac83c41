package layers

// rule says what packages may import of this module, besides the standard
// library. Names are relative to the module, "." is its root, "*" stands for
// one element and "..." for any number. The first rule that fits a package
// counts; a package without one has no place yet.
type rule struct {
	pkg    string
	may    []string
	others bool // may import other modules
	why    string
}

var rules = []rule{
	{".", nil, false, "the domain: nouns and interfaces, which nothing outside can change"},
	{"engine", in("."), false, "decisions are pure, so they need nothing but the nouns"},
	{"warm", nil, false, "decisions about pools are pure, and need no nouns but their own"},
	{"orchestrator", in(".", "engine", "policy"), false, "effects go through the interfaces of the root and its own"},

	{"api/wire", in("."), true, "the wire's types are shared with the client"},
	{"api/apitest", in(".", "api", "api/wire", "identity", "output", "blob/memory"), true, "serves the API over models, for tests"},
	{"api", in(".", "api/wire", "identity", "output", "policy", "receipt"), true, "speaks to the orchestrator through an interface of its own"},
	{"client", in(".", "api/wire"), true, "knows what goes over the wire, not how it is served"},
	{"console", in(".", "api/wire"), true, "is a client that runs in a browser"},
	{"identity", in(".", "policy"), true, "turns proofs into principals"},
	{"identity/identitytest", nil, true, "holds what proves itself, and knows nothing of who checks"},
	{"tenant", in(".", "policy"), false, "keeps what tenants may take, as documents of the store"},
	{"upload", in("."), false, "keeps what tenants hand over, as documents of the store and bytes in Blobs"},
	{"template", in("."), false, "keeps what sandboxes are parked for, as documents of the store"},
	{"output", in("."), false, "keeps bytes in Blobs, whichever these are"},

	{"store/storetest", in(".", "store/memory"), true, "holds stores to the reference model"},
	{"store/internal/...", in(".", "store/internal/..."), true, "what all stores have to do alike"},
	{"store/*", in(".", "store/internal/..."), true, "adapters do not know each other"},
	{"blob/blobtest", in(".", "blob", "blob/memory"), true, "holds blobs to the reference model"},
	{"blob/*", in(".", "blob"), true, "adapters do not know each other"},
	{"blob", in("."), false, "the rules for keys, which all blobs share"},
	{"provider/providertest", in("."), true, "knows the interface alone"},
	{"provider/*", in(".", "internal/..."), true, "adapters do not know each other"},
	{"fault", in("."), false, "decorators know the interfaces alone; tests use them, and nothing else does"},
	{"runtime/runtimetest", in("."), true, "knows the interface alone"},
	{"runtime/containerd/internal/...", in(".", "runtime/containerd/internal/..."), true, "parts of one adapter"},
	{"runtime/containerd", in(".", "internal/...", "runtime/containerd/internal/..."), true, "adapters do not know each other"},
	{"runtime/*", in(".", "internal/..."), true, "adapters do not know each other"},
	{"images", in(".", "internal/..."), true, "an adapter: registries and archives are untrusted input"},
	{"egress/filter", in("."), true, "decides about traffic, and touches no rule of the kernel"},
	{"egress/link", in("."), true, "an adapter of the kernel's network"},
	{"egress", in(".", "egress/..."), true, "joins links and filter for the agent"},
	{"policy", in("."), true, "decisions about what a job may touch are pure"},
	{"receipt", in(".", "policy", "internal/keyfile"), true, "states what became of a job, and checks what others state; knows no adapter"},
	{"secret", in(".", "internal/keyfile"), true, "keeps secrets sealed, as documents of the store"},
	{"watch", in("."), true, "rules over what a sandbox was seen to do are pure"},
	{"agent", in(".", "warm", "watch", "internal/..."), true, "the node's daemon is given its runtime and speaks the node protocol"},

	{"internal/backup", in(".", "blob"), true, "a form of files, which knows what keys of blobs are"},
	{"internal/...", in(".", "internal/..."), true, "small, shared, boring: it knows nobody who uses it"},
	{"cmd/...", in("..."), true, "ties the knots: the only one that knows concrete types"},
}

// forbiddenNames say nothing about what is in a package.
var forbiddenNames = []string{"util", "utils", "common", "helper", "helpers", "manager", "base"}

// pure packages have no clock and no goroutine: time is an argument.
var pure = []string{"engine", "warm", "policy", "watch"}

// clock are the functions of package time that look at, or wait for, the wall
// clock.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

const (
	maxLines    = 800 // of a file that is neither a test nor generated
	medianLines = 150
)

func in(names ...string) []string { return names }
