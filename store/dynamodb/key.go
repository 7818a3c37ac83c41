package dynamodb

import (
	"encoding/binary"
	"hash/fnv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A part of a key ends in 0 1, and a zero byte within it is 0 255: so no part is
// the beginning of another, and keys sort as their parts do.
func part(key []byte, s string) []byte {
	for i := range len(s) {
		key = append(key, s[i])
		if s[i] == 0 {
			key = append(key, 255)
		}
	}
	return append(key, 0, 1)
}

// number is an integer that sorts among others, also below zero.
func number(key []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(n)+1<<63)
}

// unnumber undoes number.
func unnumber(key []byte) int64 { return int64(binary.BigEndian.Uint64(key) - 1<<63) }

func join(kind byte, parts ...string) []byte {
	key := []byte{kind}
	for _, p := range parts {
		key = part(key, p)
	}
	return key
}

// shards is how many partitions a list that grows at one end is spread over.
const shards = 4

func shardOf(s string) byte {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // never fails
	return byte(h.Sum32() % shards)
}

// none is the sort key of an item that is alone.
var none = []byte{0}

func jobKey(id string) key      { return key{join('J', id), none} }
func keptKey(tenant string) key { return key{join('K', tenant), none} }

func chunkKey(id string, n int) key {
	return key{join('J', id), append([]byte("chunk"), byte(n))}
}

func listKey(tenant string, p place) key {
	return key{append(join('L', tenant), shardOf(p.id)), p.sort()}
}

func openKey(p place) key { return key{[]byte{'O', shardOf(p.id)}, p.sort()} }

func labelKey(tenant, k, v string, p place) key { return key{join('B', tenant, k, v), p.sort()} }

func usedKey(tenant, name string) key { return key{join('I', tenant, name), none} }

func tenantKey(tenant string) key { return key{[]byte{'T', shardOf(tenant)}, []byte(tenant)} }

func documentKey(kind, name string) key { return key{join('R', kind), []byte(name)} }

func imageKey(tenant, name string) key {
	return key{[]byte{'M', shardOf(tenant)}, append(part(nil, tenant), name...)}
}

func chainKey(tenant string) key { return key{[]byte{'H', shardOf(tenant)}, []byte(tenant)} }

func eventKey(tenant string, seq int64) key { return key{join('A', tenant), number(nil, seq)} }

// place is a job's place in lists.
type place struct {
	created int64
	id      string
}

func (p place) sort() []byte { return append(number(nil, p.created), p.id...) }

func placeOf(sort []byte) place { return place{unnumber(sort), string(sort[8:])} }

// key is the primary key of an item.
type key struct{ pk, sk []byte }

func (k key) item() item {
	return item{attrPK: &types.AttributeValueMemberB{Value: k.pk}, attrSK: &types.AttributeValueMemberB{Value: k.sk}}
}

func (k key) id() string { return string(k.pk) + "\xff\x00" + string(k.sk) }
