package receipt

import _ "embed"

// Schema is the JSON Schema (2020-12) of a Statement, of predicate type
// PredicateType.
//
//go:embed schema.json
var Schema []byte
