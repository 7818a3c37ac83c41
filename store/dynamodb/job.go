package dynamodb

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"glovebox"
	"glovebox/store/internal/listing"
	"glovebox/store/internal/record"
)

// stored is a job as the table has it.
type stored struct {
	glovebox.Job
	chunks  int    // items that its body has besides the first
	usedKey string // its idempotency key
	keyed   bool
}

// maxChunks bounds the body of a job; all of it has to fit into one transaction.
const maxChunks = 8

// chunkBytes is how much of a body one item takes.
const chunkBytes = 350 << 10

// putJob adds a job's items. was is what they replace, nil if there is none.
func (t *tx) putJob(job glovebox.Job, body []byte, was *stored, usedKey *string, c cond, failed func(item) error) error {
	p := placeOfJob(job)
	if !jobKey(job.ID).possible() || len(p.sort()) > maxSK {
		return glovebox.Errorf(glovebox.KindInvalid, "an id of %d bytes", len(job.ID)).On("jobID")
	}
	if !tenantKey(job.Tenant).possible() {
		return glovebox.Errorf(glovebox.KindInvalid, "a tenant's name of %d bytes", len(job.Tenant)).On("tenant")
	}
	more := max(0, (len(body)-1)/chunkBytes)
	if more > maxChunks {
		return tooLarge("a job", len(body))
	}
	it := jobKey(job.ID).item()
	it[attrBody], it[attrVersion], it[attrTenant] = bin(body[:min(len(body), chunkBytes)]), num(job.Version), str(job.Tenant)
	if more > 0 {
		it[attrChunks] = num(int64(more))
	}
	if usedKey != nil {
		it[attrKeyName] = str(*usedKey)
	}
	if !job.Due.IsZero() {
		it[attrDueShard] = bin([]byte{dueKind(job), shardOf(job.ID)})
		it[attrDueAt] = bin(append(nanos(job.Due), job.ID...))
	}
	t.put(it, c, failed)
	for n := range more {
		chunk := chunkKey(job.ID, n).item()
		from := (n + 1) * chunkBytes
		chunk[attrBody], chunk[attrVersion] = bin(body[from:min(len(body), from+chunkBytes)]), num(job.Version)
		t.put(chunk, cond{}, nil)
	}
	if was != nil {
		for n := more; n < was.chunks; n++ {
			t.delete(chunkKey(job.ID, n), cond{}, nil)
		}
	}
	return nil
}

// dueKind tells jobs that the sweep has to look at from those to be deleted.
func dueKind(job glovebox.Job) byte {
	if job.Status == glovebox.StatusArchived {
		return 'x'
	}
	return 'd'
}

func placeOfJob(job glovebox.Job) place {
	p := listing.Of(job)
	return place{p.Created, p.ID}
}

// readJob reads a job; nil if there is none.
func (s *Store) readJob(ctx context.Context, id string) (*stored, error) {
	it, err := s.get(ctx, jobKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return s.parseJob(ctx, id, it)
}

// parseJob makes a job of its first item. If there are more, they are read
// together with it, or pieces of two versions could meet.
func (s *Store) parseJob(ctx context.Context, id string, it item) (*stored, error) {
	body := binOf(it, attrBody)
	chunks := int(numOf(it, attrChunks))
	if chunks > 0 {
		var err error
		if it, body, err = s.readChunks(ctx, id, chunks); err != nil || it == nil {
			return nil, err
		}
	}
	job, err := record.ParseJob(body)
	if err != nil {
		return nil, err
	}
	_, keyed := it[attrKeyName]
	return &stored{Job: job, chunks: int(numOf(it, attrChunks)), usedKey: strOf(it, attrKeyName), keyed: keyed}, nil
}

// readChunks reads all items of a job at one instant. How many there are may
// change until then.
func (s *Store) readChunks(ctx context.Context, id string, chunks int) (first item, body []byte, err error) {
	for pause, tries := backoffFirst, 1; ; pause, tries = min(2*pause, backoffLast), tries+1 {
		in := &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
			{Get: &types.Get{TableName: s.table, Key: jobKey(id).item()}},
		}}
		for n := range chunks {
			in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: &types.Get{TableName: s.table, Key: chunkKey(id, n).item()}})
		}
		out, err := s.db.TransactGetItems(ctx, in)
		_, conflict := errors.AsType[*types.TransactionCanceledException](err)
		switch {
		case conflict && tries < maxTries:
			if err := sleep(ctx, pause); err != nil {
				return nil, nil, err
			}
			continue
		case err != nil:
			return nil, nil, err
		case len(out.Responses) != chunks+1:
			return nil, nil, fmt.Errorf("%d items were asked for, and %d came", chunks+1, len(out.Responses))
		}
		first = out.Responses[0].Item
		if len(first) == 0 {
			return nil, nil, nil
		}
		if now := int(numOf(first, attrChunks)); now != chunks {
			chunks = now
			continue
		}
		for _, r := range out.Responses {
			body = append(body, binOf(r.Item, attrBody)...)
		}
		return first, body, nil
	}
}

// entries are what lists find a job by: keys of items that say nothing else.
func entries(job glovebox.Job) map[string]key {
	p := placeOfJob(job)
	all := map[string]key{}
	add := func(k key) { all[k.id()] = k }
	add(listKey(job.Tenant, p))
	if job.Status != glovebox.StatusArchived {
		add(openKey(p))
	}
	for k, v := range job.Spec.Labels {
		add(labelKey(job.Tenant, k, v, p))
	}
	return all
}

// move makes the entries of one job those of another, nil for none.
func (t *tx) move(was, is *glovebox.Job) error {
	var before, after map[string]key
	if was != nil {
		before = entries(*was)
	}
	if is != nil {
		after = entries(*is)
	}
	for id, k := range after {
		if _, there := before[id]; there {
			continue
		}
		if !k.possible() {
			return glovebox.Errorf(glovebox.KindInvalid, "a label of more than %d bytes", maxPK-500).On("labels")
		}
		t.put(k.item(), cond{}, nil)
	}
	for id, k := range before {
		if _, there := after[id]; !there {
			t.delete(k, cond{}, nil)
		}
	}
	return nil
}

// Attributes of sums.
const (
	attrOutput    = "keptOutput"
	attrArtifacts = "keptArtifacts"
)

// keep changes a tenant's sums by the difference between two jobs.
func (t *tx) keep(tenant string, was, is *glovebox.Job) {
	var output, artifacts int64
	if was != nil {
		output, artifacts = -keptOutput(*was), -was.Artifacts.Kept()
	}
	if is != nil {
		output, artifacts = output+keptOutput(*is), artifacts+is.Artifacts.Kept()
	}
	if output == 0 && artifacts == 0 {
		return
	}
	t.update(keptKey(tenant), "ADD "+attrOutput+" :o, "+attrArtifacts+" :a", cond{},
		map[string]types.AttributeValue{":o": num(output), ":a": num(artifacts)}, nil)
}

func keptOutput(job glovebox.Job) int64 { return job.Output.Stdout + job.Output.Stderr }

// known makes the table know a tenant, once for each process.
func (s *Store) known(ctx context.Context, tenant string) error {
	if _, ok := s.tenants.Load(tenant); ok {
		return nil
	}
	k := tenantKey(tenant)
	if !k.possible() {
		return glovebox.Errorf(glovebox.KindInvalid, "a tenant's name of %d bytes", len(tenant)).On("tenant")
	}
	if _, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(*s.table), Item: k.item()}); err != nil {
		return err
	}
	s.tenants.Store(tenant, true)
	return nil
}
