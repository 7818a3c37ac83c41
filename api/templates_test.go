package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"glovebox"
	"glovebox/api/wire"
)

// anyImage has every image but those called none.
type anyImage struct{}

func (anyImage) Find(_ context.Context, tenant, name string) (glovebox.Image, error) {
	if strings.HasPrefix(name, "none") {
		return glovebox.Image{}, glovebox.Errorf(glovebox.KindImageUnknown, "image %s is not here", name).On("containerImage")
	}
	return glovebox.Image{Tenant: tenant, Name: name, Digest: strings.TrimPrefix(someDigest, "@")}, nil
}

func TestTemplates(t *testing.T) {
	w := newWorld(t, asRoot)
	var made, again wire.Template
	a := w.do("POST", "/v1/templates", `{"name":"py","image":"python:3","interpreter":"python3","min":2}`, key)
	w.want(a, http.StatusCreated, &made)
	if made.Name != "py" || made.Min != 2 || made.Max != glovebox.DefaultTemplateMax || made.Digest == "" || made.CreatedBy == "" ||
		a.Header.Get("Location") != "/v1/templates/py" {
		t.Errorf("%+v, %v", made, a.Header)
	}
	w.want(w.do("POST", "/v1/templates", `{"name":"py","image":"python:3","interpreter":"python3","min":2}`, key), http.StatusCreated, &again)
	if again != made {
		t.Errorf("the same key: %+v", again)
	}
	var list wire.TemplateList
	w.want(w.do("GET", "/v1/templates", ""), http.StatusOK, &list)
	if len(list.Templates) != 1 || list.Templates[0] != made {
		t.Errorf("%+v", list)
	}
	w.want(w.do("GET", "/v1/templates/py?tenant=*", ""), http.StatusOK, &again)
	if again != made {
		t.Errorf("%+v", again)
	}
	if a := w.do("DELETE", "/v1/templates/py", ""); a.StatusCode != http.StatusNoContent {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	w.want(w.do("GET", "/v1/templates", ""), http.StatusOK, &list)
	if len(list.Templates) != 0 {
		t.Errorf("%+v", list)
	}
}

// TestTemplateDefaults: what is left out follows from what is said.
func TestTemplateDefaults(t *testing.T) {
	w := newWorld(t, asRoot)
	for body, want := range map[string][2]int{
		`{"name":"a","image":"x"}`:                   {1, glovebox.DefaultTemplateMax},
		`{"name":"b","image":"x","min":0}`:           {0, glovebox.DefaultTemplateMax},
		`{"name":"c","image":"x","min":20}`:          {20, 20},
		`{"name":"d","image":"x","max":3}`:           {1, 3},
		`{"name":"e","image":"x","min":0,"max":1}`:   {0, 1},
		`{"name":"f","image":"x","min":4,"max":400}`: {4, 400},
	} {
		var made wire.Template
		w.want(w.do("POST", "/v1/templates", body), http.StatusCreated, &made)
		if got := [2]int{made.Min, made.Max}; got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}

// TestTemplateRefused: each mistake is answered with the field that it is in.
func TestTemplateRefused(t *testing.T) {
	w := newWorld(t, asRoot)
	w.want(w.do("POST", "/v1/templates", `{"name":"taken","image":"x"}`), http.StatusCreated, nil)
	for _, c := range []struct {
		method, path, body string
		kind               glovebox.Kind
		field              string
	}{
		{"POST", "/v1/templates", `{"image":"x"}`, glovebox.KindInvalid, "name"},
		{"POST", "/v1/templates", `{"name":"generic","image":"x"}`, glovebox.KindInvalid, "name"},
		{"POST", "/v1/templates", `{"name":"A","image":"x"}`, glovebox.KindInvalid, "name"},
		{"POST", "/v1/templates", `{"name":"taken","image":"x"}`, glovebox.KindConflict, "name"},
		{"POST", "/v1/templates", `{"name":"a"}`, glovebox.KindInvalid, "image"},
		{"POST", "/v1/templates", `{"name":"a","image":"none"}`, glovebox.KindImageUnknown, "image"},
		{"POST", "/v1/templates", `{"name":"a","image":"x","interpreter":"ruby"}`, glovebox.KindInvalid, "interpreter"},
		{"POST", "/v1/templates", `{"name":"a","image":"x","min":-1}`, glovebox.KindInvalid, "min"},
		{"POST", "/v1/templates", `{"name":"a","image":"x","max":0}`, glovebox.KindInvalid, "max"},
		{"POST", "/v1/templates", `{"name":"a","image":"x","min":3,"max":2}`, glovebox.KindInvalid, "max"},
		{"POST", "/v1/templates", `{"name":"a","image":"x","min":"3"}`, glovebox.KindMalformed, "min"},
		{"POST", "/v1/templates", `{"name":"a","image":"x","snapshot":"s"}`, glovebox.KindUnknownField, "snapshot"},
		{"GET", "/v1/templates?tenant=A", "", glovebox.KindInvalid, "tenant"},
		{"GET", "/v1/templates?x=1", "", glovebox.KindUnknownField, "x"},
		{"GET", "/v1/templates/none", "", glovebox.KindNotFound, ""},
		{"GET", "/v1/templates/" + strings.Repeat("a", 600), "", glovebox.KindNotFound, ""},
		{"GET", "/v1/templates/%00", "", glovebox.KindNotFound, ""},
		{"DELETE", "/v1/templates/none", "", glovebox.KindNotFound, ""},
		{"DELETE", "/v1/templates/taken", "{}", glovebox.KindMalformed, ""},
		{"DELETE", "/v1/templates/taken?tenant=acme", "", glovebox.KindNotFound, ""},
	} {
		w.problem(w.do(c.method, c.path, c.body), c.kind, c.field)
	}
	var list wire.TemplateList
	w.want(w.do("GET", "/v1/templates", ""), http.StatusOK, &list)
	if len(list.Templates) != 1 {
		t.Errorf("%+v", list)
	}
}
