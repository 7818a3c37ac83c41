package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"glovebox"
)

// openAPIConfig makes huma keep the description of the API, and nothing else:
// requests are decoded here, where every fault has its kind, and answers have
// one format.
func openAPIConfig(version string) huma.Config {
	return huma.Config{OpenAPI: &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Glovebox", Version: orText(version, "0"),
			Description: "Runs container images as hostile code, each job in a sandbox of its own. " +
				"Every error is a problem document (RFC 9457); its kinds are listed at /v1/errors.",
		},
		Components: &huma.Components{
			Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: securitySchemes(),
		},
	}}
}

// document returns the description of all routes added so far, as JSON.
func (rt *router) document() []byte {
	schemas := rt.huma.OpenAPI().Components.Schemas.Map()
	for name, field := range map[string]string{"Problem": "kind", "Fault": "kind", "ErrorKind": "kind"} {
		schemas[name].Properties[field].Enum = kindNames()
	}
	b, err := json.Marshal(rt.huma.OpenAPI())
	if err != nil {
		panic(err) // of our own making, and found by the first test
	}
	return b
}

func kindNames() []any {
	var names []any
	for _, row := range errorTable() {
		names = append(names, string(row.Kind))
	}
	return names
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func schemaOf[T any](api huma.API) *huma.Schema {
	return api.OpenAPI().Components.Schemas.Schema(typeOf[T](), true, "")
}

// answer describes a JSON answer.
func answer[T any](rt *router, description string, headers ...string) *huma.Response {
	return &huma.Response{
		Description: description, Headers: headersOf(headers),
		Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf[T](rt.huma)}},
	}
}

// bytesOf describes an answer or a body that is not JSON.
func bytesOf(mediaType string) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString}}}
}

func headersOf(names []string) map[string]*huma.Param {
	if len(names) == 0 {
		return nil
	}
	all := make(map[string]*huma.Param, len(names))
	for _, n := range names {
		all[n] = &huma.Param{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return all
}

// jsonBody describes a JSON body.
func jsonBody[T any](rt *router) *huma.RequestBody {
	return &huma.RequestBody{
		Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf[T](rt.huma)}},
	}
}

func pathID() *huma.Param {
	return &huma.Param{Name: "id", In: "path", Required: true, Description: "jobID", Schema: &huma.Schema{Type: huma.TypeString}}
}

// inQuery describes a parameter; choices close the list of its values.
func inQuery(name, typ, description string, choices ...any) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: description, Schema: &huma.Schema{Type: typ, Enum: choices}}
}

// manyInQuery describes a parameter that may be repeated.
func manyInQuery(name, description string, choices ...any) *huma.Param {
	explode := true
	return &huma.Param{Name: name, In: "query", Description: description, Explode: &explode, Schema: &huma.Schema{
		Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, Enum: choices},
	}}
}

func inHeader(name, description string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

func choices(all []glovebox.Status) []any {
	var list []any
	for _, s := range all {
		list = append(list, string(s))
	}
	return list
}

func orText(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
