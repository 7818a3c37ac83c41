package dynamodb

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"errors"
)

// The longest keys of the service. Nothing longer is there.
const (
	maxPK = 2048
	maxSK = 1024
)

func (k key) possible() bool {
	return len(k.pk) > 0 && len(k.pk) <= maxPK && len(k.sk) > 0 && len(k.sk) <= maxSK
}

// get reads one item, nil if it is not there.
func (s *Store) get(ctx context.Context, k key) (item, error) {
	if !k.possible() {
		return nil, nil
	}
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: s.table, Key: k.item(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	if len(out.Item) == 0 {
		return nil, nil
	}
	return out.Item, nil
}

// batchOf is how many items one call may ask for.
const batchOf = 100

// getAll reads items by their keys; found has those that are there, by key.id.
func (s *Store) getAll(ctx context.Context, keys []key) (found map[string]item, err error) {
	found = map[string]item{}
	for len(keys) > 0 {
		n := min(len(keys), batchOf)
		if err := s.getBatch(ctx, keys[:n], found); err != nil {
			return nil, err
		}
		keys = keys[n:]
	}
	return found, nil
}

// getBatch asks again for what the service had no time for.
func (s *Store) getBatch(ctx context.Context, keys []key, found map[string]item) error {
	var ask []item
	seen := map[string]bool{}
	for _, k := range keys {
		if k.possible() && !seen[k.id()] {
			seen[k.id()] = true
			ask = append(ask, k.item())
		}
	}
	for pause := backoffFirst; len(ask) > 0; pause = min(2*pause, backoffLast) {
		out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			*s.table: {Keys: ask, ConsistentRead: aws.Bool(true)},
		}})
		if err != nil {
			return err
		}
		for _, it := range out.Responses[*s.table] {
			found[key{binOf(it, attrPK), binOf(it, attrSK)}.id()] = it
		}
		if ask = out.UnprocessedKeys[*s.table].Keys; len(ask) > 0 {
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
	return nil
}

// span is a part of a partition, both ends included, in the table or an index.
type span struct {
	index            string // "": the table, consistently
	pk, from, to     []byte
	backwards        bool
	page             int // items a call, 0: as many as fit
	hashName, onName string
}

func inTable(pk, from, to []byte) span {
	return span{pk: pk, from: from, to: to, hashName: attrPK, onName: attrSK}
}

// each calls f for the items of a span, in order, until it returns false.
func (s *Store) each(ctx context.Context, p span, f func(item) (more bool, err error)) error {
	if string(p.from) > string(p.to) || len(p.pk) > maxPK {
		return nil
	}
	in := &dynamodb.QueryInput{
		TableName: s.table, ScanIndexForward: aws.Bool(!p.backwards),
		KeyConditionExpression: aws.String(p.hashName + " = :pk AND " + p.onName + " BETWEEN :from AND :to"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":pk": bin(p.pk), ":from": bin(cutKey(p.from)), ":to": bin(cutKey(p.to)),
		},
	}
	if p.index == "" {
		in.ConsistentRead = aws.Bool(true)
	} else {
		in.IndexName = aws.String(p.index)
	}
	if p.page > 0 {
		in.Limit = aws.Int32(int32(p.page))
	}
	for {
		out, err := s.db.Query(ctx, in)
		if err != nil {
			return err
		}
		for _, it := range out.Items {
			if more, err := f(it); err != nil || !more {
				return err
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// cutKey shortens what is compared with keys to the length that they can have.
func cutKey(b []byte) []byte { return b[:min(len(b), maxSK)] }

// alreadyOn knows the service's error for what was done before.
func alreadyOn(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && strings.Contains(api.ErrorMessage(), "already")
}
