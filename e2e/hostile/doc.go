// Package hostile counts what hostile jobs tried and what worked, and its tests
// are those jobs: the twelve families of docs/THREAT_MODEL.md. What is not
// tried by them, because it needs no sandbox, is said in Families.
package hostile
