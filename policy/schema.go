package policy

import _ "embed"

// Schema is the JSON Schema (2020-12) of the document. What it lets pass, Parse
// may still refuse; what Parse takes, it lets pass.
//
//go:embed schema.json
var Schema []byte
