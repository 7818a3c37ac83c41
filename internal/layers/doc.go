// Package layers holds the shape of the tree: who may import whom, and the
// house rules that a program can check. It has only tests. rules_test.go is the
// table to read, and to change when the shape is meant to change.
package layers
