package dynamodb

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"glovebox"
)

// What one transaction of the service takes, with a little room.
const (
	maxItems     = 100
	maxItemBytes = 390 << 10
	maxBytes     = 4<<20 - 64<<10
)

// Between the tries of a transaction that was in somebody's way.
const (
	backoffFirst = 5 * time.Millisecond
	backoffLast  = 500 * time.Millisecond
	maxTries     = 60
)

// errAgain says that what was read is not so any more: read it again.
var errAgain = errors.New("changed in the meantime")

// op is one part of a transaction. failed judges the item that did not meet the
// condition, nil if there is none; without it that means errAgain, unless a later
// part says more.
type op struct {
	write  types.TransactWriteItem
	failed func(item) error
}

// tx is a transaction in the making.
type tx struct {
	table *string
	ops   []op
	bytes int
}

// cond is an expression with its values.
type cond struct {
	text   string
	values map[string]types.AttributeValue
}

// absent is met by an item that is not there.
var absent = cond{text: "attribute_not_exists(pk)"}

// is is met by an item whose attribute has a number.
func is(attr string, n int64) cond {
	return cond{text: attr + " = :is", values: map[string]types.AttributeValue{":is": num(n)}}
}

func (t *tx) put(it item, c cond, failed func(item) error) {
	p := &types.Put{TableName: t.table, Item: it}
	if c.text != "" {
		p.ConditionExpression, p.ExpressionAttributeValues = aws.String(c.text), c.values
		p.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	t.add(op{types.TransactWriteItem{Put: p}, failed}, sizeOf(it))
}

func (t *tx) delete(k key, c cond, failed func(item) error) {
	d := &types.Delete{TableName: t.table, Key: k.item()}
	if c.text != "" {
		d.ConditionExpression, d.ExpressionAttributeValues = aws.String(c.text), c.values
		d.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	t.add(op{types.TransactWriteItem{Delete: d}, failed}, 0)
}

func (t *tx) check(k key, c cond, failed func(item) error) {
	t.add(op{types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: t.table, Key: k.item(), ConditionExpression: aws.String(c.text), ExpressionAttributeValues: c.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, failed}, 0)
}

func (t *tx) update(k key, text string, c cond, values map[string]types.AttributeValue, failed func(item) error) {
	u := &types.Update{TableName: t.table, Key: k.item(), UpdateExpression: aws.String(text), ExpressionAttributeValues: values}
	if c.text != "" {
		u.ConditionExpression = aws.String(c.text)
		u.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		for name, v := range c.values {
			values[name] = v
		}
	}
	t.add(op{types.TransactWriteItem{Update: u}, failed}, 0)
}

func (t *tx) add(o op, bytes int) {
	t.ops = append(t.ops, o)
	t.bytes += bytes
}

// fits refuses what the service would not take.
func (t *tx) fits() error {
	if len(t.ops) > maxItems {
		return glovebox.Errorf(glovebox.KindTooLarge, "a write of %d items, and %d are the most", len(t.ops), maxItems).
			Try("write fewer documents and events at one time")
	}
	if t.bytes > maxBytes {
		return glovebox.Errorf(glovebox.KindTooLarge, "a write of %d bytes, and %d are the most", t.bytes, maxBytes).
			Try("write fewer documents and events at one time")
	}
	return nil
}

// write makes transactions by build until one goes through, or is refused. build
// reads what it needs; it is called again when that has changed meanwhile.
func (s *Store) write(ctx context.Context, doing string, tenants []string, build func(*tx) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	leave, err := s.lines.enter(ctx, tenants)
	if err != nil {
		return err
	}
	defer leave()
	pause := backoffFirst
	for n := 1; ; n++ {
		t := &tx{table: s.table}
		err := build(t)
		if err == nil && len(t.ops) == 0 {
			return nil
		}
		if err == nil {
			if err = t.fits(); err == nil {
				err = s.run(ctx, t)
			}
		}
		if !errors.Is(err, errAgain) {
			return fault(ctx, err, doing)
		}
		if n == maxTries {
			return glovebox.Errorf(glovebox.KindUnavailable, "%s: others wrote the same %d times over", doing, n).Try("try again")
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, backoffLast)
	}
}

// run runs one transaction. errAgain if it can be tried again.
func (s *Store) run(ctx context.Context, t *tx) error {
	in := &dynamodb.TransactWriteItemsInput{}
	for _, o := range t.ops {
		in.TransactItems = append(in.TransactItems, o.write)
	}
	_, err := s.db.TransactWriteItems(ctx, in)
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return t.judge(cancelled)
	}
	if busy(err) {
		return errAgain
	}
	return err
}

// judge finds the first condition that failed and asks what that means. What is
// only in somebody's way comes last: it may pass.
func (t *tx) judge(cancelled *types.TransactionCanceledException) error {
	var again error
	for i, why := range cancelled.CancellationReasons {
		switch aws.ToString(why.Code) {
		case "", "None":
		case "ConditionalCheckFailed":
			if f := t.ops[i].failed; f != nil {
				return f(why.Item)
			}
			again = errAgain
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded":
			again = errAgain
		case "ItemCollectionSizeLimitExceeded":
			return glovebox.Errorf(glovebox.KindTooLarge, "%s", aws.ToString(why.Message))
		default:
			return cancelled
		}
	}
	if again == nil {
		return cancelled
	}
	return again
}

// busy says whether the service asks to come back later, after the SDK has tried
// a few times.
func busy(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode() {
	case "TransactionConflictException", "TransactionInProgressException", "ThrottlingException",
		"ProvisionedThroughputExceededException", "RequestLimitExceeded":
		return true
	}
	return false
}

// sleep waits for about d.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
