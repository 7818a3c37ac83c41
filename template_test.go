package glovebox_test

import (
	"strings"
	"testing"

	"glovebox"
)

func TestTemplateComplete(t *testing.T) {
	good := glovebox.WarmTemplate{Name: "py", Image: "python:3"}
	with := func(change func(t *glovebox.WarmTemplate)) glovebox.WarmTemplate {
		t := good
		change(&t)
		return t
	}
	tests := map[string]struct {
		template glovebox.WarmTemplate
		field    string // "" = fine
		most     int
	}{
		"least said":        {good, "", glovebox.DefaultTemplateMax},
		"python3":           {with(func(t *glovebox.WarmTemplate) { t.Interpreter = "python3" }), "", glovebox.DefaultTemplateMax},
		"node, bounds":      {with(func(t *glovebox.WarmTemplate) { t.Interpreter, t.Min, t.Max = "node", 2, 3 }), "", 3},
		"least is many":     {with(func(t *glovebox.WarmTemplate) { t.Min = 50 }), "", 50},
		"no name":           {with(func(t *glovebox.WarmTemplate) { t.Name = "" }), "name", 0},
		"the generic one":   {with(func(t *glovebox.WarmTemplate) { t.Name = glovebox.PoolGeneric }), "name", 0},
		"upper case":        {with(func(t *glovebox.WarmTemplate) { t.Name = "Py" }), "name", 0},
		"dash at the end":   {with(func(t *glovebox.WarmTemplate) { t.Name = "py-" }), "name", 0},
		"a path":            {with(func(t *glovebox.WarmTemplate) { t.Name = "../py" }), "name", 0},
		"too long a name":   {with(func(t *glovebox.WarmTemplate) { t.Name = strings.Repeat("a", 64) }), "name", 0},
		"no image":          {with(func(t *glovebox.WarmTemplate) { t.Image = "" }), "image", 0},
		"too long an image": {with(func(t *glovebox.WarmTemplate) { t.Image = strings.Repeat("a", glovebox.MaxImageName+1) }), "image", 0},
		"perl":              {with(func(t *glovebox.WarmTemplate) { t.Interpreter = "perl" }), "interpreter", 0},
		"negative":          {with(func(t *glovebox.WarmTemplate) { t.Min = -1 }), "min", 0},
		"far too many":      {with(func(t *glovebox.WarmTemplate) { t.Min = glovebox.MaxParked + 1 }), "min", 0},
		"most below least":  {with(func(t *glovebox.WarmTemplate) { t.Min, t.Max = 3, 2 }), "max", 0},
		"most negative":     {with(func(t *glovebox.WarmTemplate) { t.Max = -1 }), "max", 0},
		"a snapshot and an interpreter": {with(func(t *glovebox.WarmTemplate) {
			t.Snapshot, t.Interpreter = "x", glovebox.InterpreterPython
		}), "interpreter", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.template.Complete()
			if tt.field == "" {
				if err != nil || got.Max != tt.most {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if glovebox.KindOf(err) != glovebox.KindInvalid || glovebox.AsError(err).Field != tt.field {
				t.Errorf("error %v on %q, want it on %q", err, glovebox.AsError(err).Field, tt.field)
			}
		})
	}
}
