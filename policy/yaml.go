package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"glovebox"
)

// YAML writes a policy as a document that Parse reads. head and rules become
// comments: above all of it, and above each egress rule; rules may be shorter
// than the policy's.
func YAML(p glovebox.Policy, head []string, rules []string) []byte {
	data, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers that were checked
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		panic(err) // JSON is YAML
	}
	root := doc.Content[0]
	blocks(root)
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value != "egress" {
			continue
		}
		for j, item := range root.Content[i+1].Content {
			if j < len(rules) {
				item.HeadComment = rules[j]
			}
		}
	}
	var b bytes.Buffer
	for _, line := range head {
		fmt.Fprintf(&b, "# %s\n", line)
	}
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		panic(err)
	}
	_ = e.Close()
	return b.Bytes()
}

// blocks takes JSON's brackets and quotes away where YAML needs none. Short
// lists of words stay on one line.
func blocks(n *yaml.Node) {
	flat := n.Kind == yaml.SequenceNode
	for _, c := range n.Content {
		flat = flat && c.Kind == yaml.ScalarNode
		blocks(c)
	}
	n.Style = 0
	if flat {
		n.Style = yaml.FlowStyle
	}
}

// YAML is what was learned, as a document with comments.
func (l Learned) YAML() []byte {
	head := []string{fmt.Sprintf("Learned from %s. Read it before you use it: it allows what was seen, good or bad.", counted(l.Runs, "run"))}
	if l.Memory > 0 {
		head = append(head, fmt.Sprintf("Memory: at most %s; `--memory %dm` leaves as much again.", size(l.Memory), max(64, 2*l.Memory>>20+1)))
	}
	if l.Tasks > 0 {
		head = append(head, fmt.Sprintf("Processes and threads: at most %d; `--pids %d` leaves as many again.", l.Tasks, max(16, 2*l.Tasks)))
	}
	if l.Disk > 0 {
		head = append(head, fmt.Sprintf("Disk: at most %s; `--disk %dm` leaves as much again.", size(l.Disk), max(16, 2*l.Disk>>20+1)))
	}
	if l.Policy.Profile == nil {
		head = append(head, "There is no profile of what else was done: `glovebox run --observe` makes one.")
	} else {
		head = append(head, fmt.Sprintf("A run that leaves the profile ends at a score of watch.drift; without that it is only told of. One new program is %v.", LearnedDrift))
	}
	for _, n := range l.Notes {
		head = append(head, strings.ToValidUTF8(oneLine(n), "?"))
	}
	var rules []string
	for _, s := range l.Rules {
		rules = append(rules, fmt.Sprintf("%s, %d bytes sent, %d received", counted(s.Connections, "connection"), s.Sent, s.Got))
	}
	return YAML(l.Policy, head, rules)
}

// oneLine is text that cannot end a comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
