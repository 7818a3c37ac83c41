package contexts

import (
	"slices"
	"strings"

	"glovebox"
)

// Context is a server, and a session there.
type Context struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	CA      string `json:"ca,omitempty"`      // PEM of the CA; empty means those of the system
	Tenant  string `json:"tenant,omitempty"`  // of the session
	Person  string `json:"person,omitempty"`  // as people call them
	Session string `json:"session,omitempty"` // id; empty after a logout
	Key     string `json:"key,omitempty"`     // private, PKCS #8 in PEM
}

// Contexts are all there are. The zero value has none.
type Contexts struct {
	Current string    `json:"current,omitempty"`
	All     []Context `json:"contexts"`
}

// Find returns the context with a name; KindInvalid.
func (c *Contexts) Find(name string) (Context, error) {
	i := c.index(name)
	if i < 0 {
		return Context{}, glovebox.Errorf(glovebox.KindInvalid, "there is no context %q", name).
			Try("see: glovebox contexts; or make it: glovebox login URL --context NAME")
	}
	return c.All[i], nil
}

// Put keeps a context in place of the one of its name, if there is one.
func (c *Contexts) Put(one Context) {
	if i := c.index(one.Name); i >= 0 {
		c.All[i] = one
		return
	}
	c.All = append(c.All, one)
}

// Remove forgets a context; KindInvalid.
func (c *Contexts) Remove(name string) error {
	if _, err := c.Find(name); err != nil {
		return err
	}
	c.All = slices.Delete(c.All, c.index(name), c.index(name)+1)
	if c.Current == name {
		c.Current = ""
	}
	return nil
}

// Use makes a context the current one; KindInvalid.
func (c *Contexts) Use(name string) error {
	if _, err := c.Find(name); err != nil {
		return err
	}
	c.Current = name
	return nil
}

func (c *Contexts) index(name string) int {
	return slices.IndexFunc(c.All, func(one Context) bool { return one.Name == name })
}

const maxName = 100

// CheckName says whether a context can have a name; KindInvalid.
func CheckName(name string) error {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._:-[]", r)
	}
	if name == "" || len(name) > maxName || name[0] == '-' || strings.ContainsFunc(name, odd) {
		return glovebox.Errorf(glovebox.KindInvalid, "%.*q cannot be a context's name", maxName, name).On("--context").
			Try("use 1 to %d letters, digits, dots, colons and hyphens", maxName)
	}
	return nil
}
