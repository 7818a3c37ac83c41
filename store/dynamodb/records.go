package dynamodb

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"glovebox"
	"glovebox/store/internal/record"
)

// Record implements glovebox.Records.
func (s *Store) Record(ctx context.Context, kind, name string) (glovebox.Record, error) {
	if err := s.usable(ctx); err != nil {
		return glovebox.Record{}, err
	}
	it, err := s.get(ctx, documentKey(kind, name))
	if err != nil {
		return glovebox.Record{}, fault(ctx, err, "reading a document")
	}
	if it == nil {
		return glovebox.Record{}, record.NoDocument(kind, name)
	}
	return documentOf(kind, it), nil
}

func documentOf(kind string, it item) glovebox.Record {
	r := glovebox.Record{Kind: kind, Key: strOf(it, attrSK), Version: numOf(it, attrVersion), Value: binOf(it, attrBody)}
	if r.Value == nil {
		r.Value = []byte{}
	}
	if at := binOf(it, attrExpAt); len(at) >= 8 {
		r.Expires = time.Unix(0, unnumber(at[:8])).UTC()
	}
	return r
}

// ListRecords implements glovebox.Records. No UTF-8 has the byte 0xff, so it comes
// after all that a prefix can be followed by.
func (s *Store) ListRecords(ctx context.Context, kind, prefix, after string, limit int) ([]glovebox.Record, error) {
	if err := record.CheckLimit(limit); err != nil {
		return nil, err
	}
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	from := prefix
	if after >= prefix {
		from = after + "\x00"
	}
	p := inTable(join('R', kind), []byte(cmp.Or(from, "\x00")), []byte(prefix+"\xff"))
	p.page = limit
	found := []glovebox.Record{}
	err := s.each(ctx, p, func(it item) (bool, error) {
		found = append(found, documentOf(kind, it))
		return len(found) < limit, nil
	})
	if err != nil {
		return nil, fault(ctx, err, "listing documents")
	}
	return found, nil
}

// Commit implements glovebox.Records.
func (s *Store) Commit(ctx context.Context, writes []glovebox.Write, events ...glovebox.AuditEvent) error {
	writes, err := record.Writes(writes, len(events))
	if err != nil {
		return err
	}
	if events, err = record.Events(events); err != nil {
		return err
	}
	return s.write(ctx, "writing documents", chainsOf(events), func(t *tx) error {
		for _, w := range writes {
			t.document(w)
		}
		return s.append(ctx, t, events)
	})
}

// document adds a write: its condition, and the version that follows from it.
func (t *tx) document(w glovebox.Write) {
	k := documentKey(w.Kind, w.Key)
	stale := func(it item) error { return record.Stale(w, numOf(it, attrVersion)) }
	switch {
	case w.Value == nil && w.If == glovebox.IfAny:
		t.delete(k, cond{}, nil)
	case w.Value == nil && w.If == glovebox.IfAbsent:
		t.check(k, absent, stale)
	case w.Value == nil:
		t.delete(k, is(attrVersion, w.If), stale)
	case w.If == glovebox.IfAny:
		t.replace(k, w)
	default:
		c := absent
		if w.If > 0 {
			c = is(attrVersion, w.If)
		}
		it := k.item()
		it[attrBody], it[attrVersion] = bin(w.Value), num(w.If+1)
		expires(it, w)
		t.put(it, c, stale)
	}
}

// replace writes a document whatever version it has.
func (t *tx) replace(k key, w glovebox.Write) {
	it := item{}
	expires(it, w)
	values := map[string]types.AttributeValue{":body": bin(w.Value), ":one": num(1)}
	set, remove := "SET body = :body", ""
	for _, attr := range []string{attrExpShard, attrExpAt, attrTTL} {
		if v, ok := it[attr]; ok {
			set += ", #" + attr + " = :" + attr
			values[":"+attr] = v
			continue
		}
		remove += cmp.Or(map[bool]string{true: " REMOVE #", false: ", #"}[remove == ""]) + attr
	}
	t.update(k, set+" ADD v :one"+remove, cond{}, values, nil)
	u := t.ops[len(t.ops)-1].write.Update
	u.ExpressionAttributeNames = map[string]string{"#" + attrExpShard: attrExpShard, "#" + attrExpAt: attrExpAt, "#" + attrTTL: attrTTL}
	t.bytes += len(w.Value)
}

func expires(it item, w glovebox.Write) {
	if w.Expires.IsZero() {
		return
	}
	it[attrExpShard] = bin([]byte{'e', shardOf(w.Key)})
	it[attrExpAt] = bin(append(part(nanos(w.Expires), w.Kind), w.Key...))
	collectable(it, w.Expires)
}

// PurgeRecords implements glovebox.Records. Documents that expired at one instant
// go by kind and key. The index may be late; a document that was written anew in
// between stays.
func (s *Store) PurgeRecords(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	if limit <= 0 {
		return 0, nil
	}
	type expired struct {
		key key
		at  []byte
	}
	var all []expired
	for shard := range byte(shards) {
		p := span{index: indexExpiry, pk: []byte{'e', shard}, from: number(nil, -1<<63), to: nanos(now), hashName: attrExpShard, onName: attrExpAt, page: limit}
		n := 0
		err := s.each(ctx, p, func(it item) (bool, error) {
			all = append(all, expired{key{binOf(it, attrPK), binOf(it, attrSK)}, binOf(it, attrExpAt)})
			n++
			return n < limit, nil
		})
		if err != nil {
			return 0, fault(ctx, err, "looking for expired documents")
		}
	}
	slices.SortFunc(all, func(a, b expired) int { return slices.Compare(a.at, b.at) })
	removed := 0
	for _, e := range all[:min(limit, len(all))] {
		_, err := s.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: s.table, Key: e.key.item(), ConditionExpression: aws.String(attrExpAt + " = :at"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":at": bin(e.at)},
		})
		if _, moved := errors.AsType[*types.ConditionalCheckFailedException](err); moved {
			continue
		}
		if err != nil {
			return removed, fault(ctx, err, "removing an expired document")
		}
		removed++
	}
	return removed, nil
}
