package api_test

// someDigest ends the name of an image that can be signed.
const someDigest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// least is who may at least use a route. It is written by hand: the route's own
// word for what it needs is what the walk holds it to.
type least int

const (
	anybody   least = iota // without a caller
	recovery               // who has proven a recovery code, and people with a passkey
	viewer                 // and whoever has a role above
	developer              // and admins
	admin
	root // of the machine, at the local socket
)

// route is how the walk uses one. In path and body, {job}, {person} … stand for
// what the first tenant has.
type route struct {
	path, body string
	least      least
	workload   bool // a CI job with every action that one can have may, too
	operator   bool // the operator at the local socket may, too
	own        bool // about the caller's own things: another tenant's are simply not among them
	proof      bool // a wrong code or answer in it is refused like a wrong login
}

// walked are all routes.
var walked = map[string]route{
	"GET /healthz":                     {path: "/healthz"},
	"GET /openapi.json":                {path: "/openapi.json"},
	"GET /v1/errors":                   {path: "/v1/errors"},
	"GET /.well-known/jwks.json":       {path: "/.well-known/jwks.json"},
	"POST /v1/login/begin":             {path: "/v1/login/begin", body: `{}`},
	"POST /v1/login/finish":            {path: "/v1/login/finish", body: `{"id":"cer_x","response":{}}`, proof: true},
	"POST /v1/login/code":              {path: "/v1/login/code", body: `{"code":"x"}`, proof: true},
	"POST /v1/links/inspect":           {path: "/v1/links/inspect", body: `{"token":"x"}`, proof: true},
	"POST /v1/links/begin":             {path: "/v1/links/begin", body: `{"token":"x","passkey":"x"}`, proof: true},
	"POST /v1/links/finish":            {path: "/v1/links/finish", body: `{"id":"cer_x","response":{}}`, proof: true},
	"POST /v1/token":                   {path: "/v1/token", body: `{"grantType":"refresh","session":"ses_x"}`, proof: true},
	"POST /v1/device":                  {path: "/v1/device", body: `{"name":"x"}`, proof: true},
	"POST /v1/me/passkeys/begin":       {path: "/v1/me/passkeys/begin", body: `{"name":"x"}`, least: recovery, own: true},
	"POST /v1/me/passkeys/finish":      {path: "/v1/me/passkeys/finish", body: `{"id":"cer_x","response":{}}`, least: recovery, own: true, proof: true},
	"POST /v1/me/logout":               {path: "/v1/me/logout", least: recovery, own: true, workload: true},
	"GET /v1/version":                  {path: "/v1/version", least: viewer, workload: true, operator: true, own: true},
	"GET /v1/me":                       {path: "/v1/me", least: viewer, workload: true, operator: true, own: true},
	"GET /v1/me/sessions":              {path: "/v1/me/sessions", least: viewer, workload: true, operator: true, own: true},
	"DELETE /v1/me/sessions":           {path: "/v1/me/sessions", least: viewer, own: true},
	"DELETE /v1/me/sessions/{id}":      {path: "/v1/me/sessions/{session}", least: viewer},
	"POST /v1/me/cli-codes":            {path: "/v1/me/cli-codes", body: `{"challenge":"x","redirectURI":"http://127.0.0.1:1/","name":"x"}`, least: viewer, own: true},
	"GET /v1/me/devices/{code}":        {path: "/v1/me/devices/BCDF-GHJK", least: viewer, own: true, proof: true},
	"GET /v1/me/passkeys":              {path: "/v1/me/passkeys", least: viewer, workload: true, operator: true, own: true},
	"PATCH /v1/me/passkeys/{id}":       {path: "/v1/me/passkeys/{passkey}", body: `{"name":"x"}`, least: viewer},
	"POST /v1/step-up/begin":           {path: "/v1/step-up/begin", body: `{"action":"recovery.codes"}`, least: viewer, own: true},
	"POST /v1/me/recovery-codes":       {path: "/v1/me/recovery-codes", body: `{}`, least: viewer, own: true},
	"GET /v1/people":                   {path: "/v1/people", least: admin, operator: true},
	"GET /v1/people/{id}":              {path: "/v1/people/{person}", least: admin, operator: true}, // somebody else
	"GET /v1/invitations":              {path: "/v1/invitations", least: developer},
	"POST /v1/invitations":             {path: "/v1/invitations", body: `{"name":"Eve","role":"viewer"}`, least: developer, own: true},
	"DELETE /v1/invitations/{id}":      {path: "/v1/invitations/{invitation}", least: developer},
	"GET /v1/rules":                    {path: "/v1/rules", least: admin},
	"POST /v1/rules/{id}/remove":       {path: "/v1/rules/{rule}/remove", body: `{}`, least: admin},
	"GET /v1/audit":                    {path: "/v1/audit", least: admin, operator: true},
	"GET /v1/pool":                     {path: "/v1/pool", least: admin, operator: true, own: true},
	"GET /v1/templates":                {path: "/v1/templates", least: admin, operator: true},
	"GET /v1/templates/{name}":         {path: "/v1/templates/{template}", least: admin, operator: true},
	"DELETE /v1/templates/{name}":      {path: "/v1/templates/{template}", least: admin, operator: true},
	"POST /v1/templates":               {path: "/v1/templates", body: `{"name":"warm-acme","image":"acme:1"}`, least: admin, operator: true, own: true},
	"GET /v1/secrets":                  {path: "/v1/secrets", least: developer, operator: true},
	"GET /v1/secrets/{name}":           {path: "/v1/secrets/{secret}", least: developer, operator: true},
	"PUT /v1/secrets/{name}":           {path: "/v1/secrets/ACME_KEY", body: `{"value":"eA=="}`, least: admin, operator: true, own: true},
	"POST /v1/host/secrets/rotate":     {path: "/v1/host/secrets/rotate", least: root},
	"GET /v1/tenant":                   {path: "/v1/tenant", least: viewer, workload: true, operator: true},
	"GET /v1/tenant/policy":            {path: "/v1/tenant/policy", least: viewer, operator: true},
	"PUT /v1/tenant/policy":            {path: "/v1/tenant/policy", body: `{}`, least: admin, operator: true},
	"GET /v1/policy/schema":            {path: "/v1/policy/schema"},
	"GET /v1/receipts/schema":          {path: "/v1/receipts/schema"},
	"GET /v1/receipts/keys":            {path: "/v1/receipts/keys"},
	"GET /v1/jobs/{id}/receipt":        {path: "/v1/jobs/{job}/receipt", least: viewer, workload: true, operator: true},
	"POST /v1/host/receipts/rotate":    {path: "/v1/host/receipts/rotate", least: root},
	"POST /v1/policy/check":            {path: "/v1/policy/check", body: `{"policy":{}}`, least: viewer, operator: true, own: true},
	"GET /v1/jobs/{id}/policy":         {path: "/v1/jobs/{job}/policy", least: viewer, workload: true, operator: true},
	"PATCH /v1/jobs/{id}/policy":       {path: "/v1/jobs/{job}/policy", body: `{}`, least: developer, workload: true, operator: true},
	"GET /v1/approvals":                {path: "/v1/approvals", least: viewer, workload: true, operator: true},
	"GET /v1/approvals/{id}":           {path: "/v1/approvals/{approval}", least: viewer, workload: true, operator: true},
	"POST /v1/approvals":               {path: "/v1/approvals", body: `{"spec":{"containerImage":"a` + someDigest + `","runtime":"runc"}}`, least: developer, workload: true, operator: true, own: true},
	"POST /v1/approvals/{id}/begin":    {path: "/v1/approvals/{approval}/begin", least: developer, operator: true},
	"POST /v1/approvals/{id}/sign":     {path: "/v1/approvals/{approval}/sign", body: `{"id":"cer_x","response":{}}`, least: developer, operator: true, proof: true},
	"GET /v1/images":                   {path: "/v1/images", least: viewer, workload: true, operator: true},
	"GET /v1/images/inspect":           {path: "/v1/images/inspect?name=acme:1", least: viewer, workload: true, operator: true},
	"POST /v1/images/import":           {path: "/v1/images/import", body: "tar", least: developer, workload: true, operator: true, own: true},
	"POST /v1/images/pull":             {path: "/v1/images/pull", body: `{"name":"busybox:1"}`, least: developer, workload: true, operator: true, own: true},
	"DELETE /v1/images":                {path: "/v1/images?name=acme:1", least: developer, operator: true},
	"GET /v1/jobs":                     {path: "/v1/jobs", least: viewer, workload: true, operator: true},
	"POST /v1/jobs":                    {path: "/v1/jobs", body: `{"containerImage":"a"}`, least: developer, workload: true, operator: true, own: true},
	"POST /submit":                     {path: "/submit", body: `{"containerImage":"a","cmd":["x"]}`, least: developer, workload: true, operator: true, own: true},
	"GET /v1/jobs/{id}":                {path: "/v1/jobs/{job}", least: viewer, workload: true, operator: true},
	"GET /v1/jobs/{id}/artifacts":      {path: "/v1/jobs/{job}/artifacts", least: viewer, workload: true, operator: true},
	"GET /v1/jobs/{id}/artifacts/file": {path: "/v1/jobs/{job}/artifacts/file?path=a", least: viewer, workload: true, operator: true},
	"POST /v1/files":                   {path: "/v1/files", body: `{}`, least: developer, workload: true, operator: true, own: true},
	"GET /v1/files/{digest}":           {path: "/v1/files/{file}", least: developer, workload: true, operator: true},
	"GET /v1/jobs/{id}/wait":           {path: "/v1/jobs/{job}/wait?timeout=1ms", least: viewer, workload: true, operator: true},
	"GET /v1/jobs/{id}/output":         {path: "/v1/jobs/{job}/output", least: viewer, workload: true, operator: true},
	"GET /v1/jobs/{id}/events":         {path: "/v1/jobs/{job}/events", least: viewer, workload: true, operator: true},
	"DELETE /v1/jobs/{id}":             {path: "/v1/jobs/{job}", least: developer, operator: true},
	"POST /v1/jobs/{id}/cancel":        {path: "/v1/jobs/{job}/cancel", least: developer, workload: true, operator: true},
	"PUT /v1/jobs/{id}/stdin":          {path: "/v1/jobs/{job}/stdin", least: developer, workload: true, operator: true},
	"POST /v1/jobs/{id}/stdin":         {path: "/v1/jobs/{job}/stdin", least: developer, workload: true, operator: true},
	"GET /v1/host/people":              {path: "/v1/host/people", least: root},
	"POST /v1/host/links":              {path: "/v1/host/links", body: `{"purpose":"first_admin","tenant":"acme"}`, least: root},
	"GET /v1/host/tenants":             {path: "/v1/host/tenants", least: root},
	"GET /v1/host/tenants/{id}":        {path: "/v1/host/tenants/acme", least: root},
	"PUT /v1/host/tenants/{id}":        {path: "/v1/host/tenants/acme", body: `{}`, least: root},

	"POST /v1/secrets/{name}/remove":     {path: "/v1/secrets/{secret}/remove", body: `{}`, least: admin, operator: true},
	"POST /v1/me/devices/{code}/approve": {path: "/v1/me/devices/BCDF-GHJK/approve", body: `{}`, least: viewer, own: true, proof: true},
	"POST /v1/me/passkeys/{id}/remove":   {path: "/v1/me/passkeys/{passkey}/remove", body: `{}`, least: viewer},
	"POST /v1/people/{id}/role":          {path: "/v1/people/{person}/role", body: `{"role":"viewer"}`, least: admin},
	"POST /v1/people/{id}/disable":       {path: "/v1/people/{person}/disable", body: `{}`, least: admin},
	"POST /v1/people/{id}/enable":        {path: "/v1/people/{person}/enable", body: `{}`, least: admin},
	"POST /v1/rules": {path: "/v1/rules", body: `{"name":"x","issuer":"https://x.example","audience":"` + siteURL +
		`","claims":{"repository_id":"1","repository_owner_id":"2"},"actions":["job.read"],"seconds":60}`, least: admin, own: true},
}
