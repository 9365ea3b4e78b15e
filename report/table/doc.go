// Package table holds the schema of the two tables that a run leaves, frames
// and flips, and writes and reads them as Parquet, CSV or JSON lines.
//
// The columns are the fields of [Frame] and [Flip] in their order, under the
// names of their tags. A pointer is a column that may be null; a null is an
// empty cell in CSV. Lists are JSON arrays in CSV cells.
//
// Writers hold a bounded number of rows and give the same bytes for the same
// rows, whenever and in whatever portions they arrive.
package table
