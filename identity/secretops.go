package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
)

// SecretOperation is what an admin signs to give a secret a value: which
// version becomes which, where it may be sent, and a SecretHash of the value,
// which itself is in nothing that is signed or kept.
func SecretOperation(name string, seen int64, domains []string, hash string) Operation {
	o := operation(ActionSecretWrite, name, struct {
		Domains []string `json:"domains"`
		Value   string   `json:"value"`
	}{append([]string{}, slices.Sorted(slices.Values(domains))...), hash})
	o.Version = strconv.FormatInt(seen, 10)
	return o
}

// RemoveSecretOperation is what an admin signs to remove a secret.
func RemoveSecretOperation(name string) Operation {
	return operation(ActionSecretWrite, name, struct {
		Remove bool `json:"remove"`
	}{true})
}

// SecretHash stands for a value in what is signed. The salt, at least 16 random
// bytes, goes with the value and is not kept, so that nobody can find a short
// value out by trying.
func SecretHash(salt, value []byte) string {
	h := sha256.New()
	h.Write([]byte("glovebox secret v1\n"))
	h.Write([]byte(strconv.Itoa(len(salt)) + "\n"))
	h.Write(salt)
	h.Write(value)
	return hex.EncodeToString(h.Sum(nil))
}
