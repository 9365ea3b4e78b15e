// Package ingesttest holds the rules that every ingest.Source keeps, as a
// test that each of them runs.
package ingesttest
