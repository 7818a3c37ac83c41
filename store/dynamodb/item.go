package dynamodb

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"glovebox"
	"glovebox/store/internal/record"
)

// item is a line of the table.
type item = map[string]types.AttributeValue

// Attributes.
const (
	attrPK   = "pk"
	attrSK   = "sk"
	attrBody = "body" // JSON, or the value of a document

	attrVersion = "v"
	attrChunks  = "chunks" // how many more items the body has
	attrTenant  = "tenant"
	attrKeyName = "usedKey"

	attrDueShard = "dueShard" // of the index due
	attrDueAt    = "dueAt"
	attrExpShard = "expShard" // of the index expiry
	attrExpAt    = "expAt"
	attrTTL      = "ttl" // seconds since 1970, for the service
)

func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func bin(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

func str(s string) types.AttributeValue { return bin([]byte(s)) }

func numOf(it item, attr string) int64 {
	if v, ok := it[attr].(*types.AttributeValueMemberN); ok {
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err == nil {
			return n
		}
	}
	return 0
}

func binOf(it item, attr string) []byte {
	if v, ok := it[attr].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	return nil
}

func strOf(it item, attr string) string { return string(binOf(it, attr)) }

// ttlGrace is how long after its time a thing may be collected by the service: no
// clock is that wrong.
const ttlGrace = 48 * time.Hour

// collectable lets the service remove an item some time after an instant.
func collectable(it item, at time.Time) {
	if s := at.Add(ttlGrace).Unix(); s > 0 {
		it[attrTTL] = num(s)
	}
}

// nanos is a time as a sort key.
func nanos(t time.Time) []byte { return number(nil, record.Nanos(t)) }

func tooLarge(what string, n int) error {
	return glovebox.Errorf(glovebox.KindTooLarge, "%s of %d bytes, and %d are the most", what, n, maxItemBytes)
}

// sizeOf is about what the service counts for an item.
func sizeOf(it item) (n int) {
	for name, v := range it {
		n += len(name) + 24
		if b, ok := v.(*types.AttributeValueMemberB); ok {
			n += len(b.Value)
		}
	}
	return n
}
