package sqlite

import (
	"encoding/json"
	"maps"

	"glovebox"
	"glovebox/store/internal/record"
)

// row is a job as columns.
type row struct {
	id, tenant, status, node string
	outcome                  string
	created                  int64
	due                      any // int64 or nil
	version, attempt         int64
	labels                   map[string]string
	kept                     kept
	body                     string
}

func newRow(job glovebox.Job, body []byte) row {
	return row{
		id: job.ID, tenant: job.Tenant, status: string(job.Status), node: job.Node,
		outcome: string(job.Outcome),
		created: record.Nanos(job.CreatedAt), due: nullable(job.Due),
		version: job.Version, attempt: int64(job.Attempt),
		labels: job.Spec.Labels, body: string(body),
		kept: kept{job.Output.Stdout + job.Output.Stderr, job.Artifacts.Kept()},
	}
}

// labelText is the labels as one column, by which an update sees what it has
// to change in job_labels: as a rule, nothing.
func (r row) labelText() string { return labelText(r.labels) }

func labelText(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	text, _ := json.Marshal(labels) // strings cannot fail
	return string(text)
}

// moveLabels makes job_labels say what r does, given what the row said before.
func (t *statements) moveLabels(r row, before string) error {
	if before == r.labelText() {
		return nil
	}
	old := map[string]string{}
	if before != "" {
		if err := json.Unmarshal([]byte(before), &old); err != nil {
			return glovebox.Errorf(glovebox.KindUnavailable, "labels of job %s cannot be read: %w", r.id, err)
		}
	}
	added := maps.Clone(r.labels)
	for k, v := range old {
		if now, ok := r.labels[k]; ok && now == v {
			delete(added, k)
			continue
		}
		if err := t.exec(t.dropLabel, r.tenant, k, v, r.created, r.id); err != nil {
			return err
		}
	}
	return t.addLabels(r, added)
}

func (t *statements) addLabels(r row, labels map[string]string) error {
	for k, v := range labels {
		if err := t.exec(t.addLabel, r.tenant, k, v, r.created, r.id); err != nil {
			return err
		}
	}
	return nil
}
