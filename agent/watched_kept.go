package agent

import (
	"encoding/json"
	"os"

	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox"
	"glovebox/internal/nodev1"
)

// fileFindings is what was found of a job so far. Like all of its folder it need
// not outlive a power cut, and neither does the job.
const fileFindings = "findings"

// findings are those that an earlier agent has told of. None if that cannot be
// told: they are found again then.
func (f folder) findings() (all []glovebox.Finding) {
	b, err := os.ReadFile(f.file(fileFindings))
	if err != nil || json.Unmarshal(b, &all) != nil {
		return nil
	}
	return all
}

func (f folder) writeFindings(all []glovebox.Finding) {
	if b, err := json.Marshal(all); err == nil {
		_ = f.write(fileFindings, b) // else the next agent tells of them again
	}
}

// found keeps what the watch tells. It has room of its own: a flood of decisions
// leaves out none of it.
func (o *output) found(e glovebox.NetEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if line, err := json.Marshal(e); err == nil && !o.noted {
		o.note(append(line, '\n'))
	}
}

func wireFindings(all []glovebox.Finding) (wire []*nodev1.Finding) {
	for _, f := range all {
		wire = append(wire, &nodev1.Finding{Rule: f.Rule, Severity: f.Severity, Score: f.Score, Count: f.Count,
			First: timestamppb.New(f.First), Last: timestamppb.New(f.Last), Evidence: f.Evidence})
	}
	return wire
}
