package launch

import (
	"os"
	"strings"
)

// hostFacts are flags for what the sentry wants to know of the host and cannot
// read from inside its root. What cannot be read here is left out, as gVisor
// does it.
func hostFacts() []string {
	var facts []string
	if name, err := os.ReadFile("/sys/devices/virtual/dmi/id/product_name"); err == nil {
		facts = append(facts, "--product-name="+strings.TrimSpace(string(name)))
	}
	for _, name := range []string{"shmem_enabled", "defrag"} {
		if choice := chosen("/sys/kernel/mm/transparent_hugepage/" + name); choice != "" {
			facts = append(facts, "--host-thp-"+strings.ReplaceAll(name, "_", "-")+"="+choice)
		}
	}
	return facts
}

// chosen reads the one of several words that is in brackets.
func chosen(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(string(text), "[")
	choice, _, _ := strings.Cut(after, "]")
	return choice
}
