package labels

import (
	"context"
	"math"

	"github.com/flipmeter/flipmeter/stability"
)

// BatchRows is how many rows a batch holds: few enough to stay in a core's
// cache on the way from the reader to whoever observes them.
const BatchRows = 256

// Batch is a number of rows in the order of their file. It belongs to who
// made it; [File.ReadBatch] overwrites it.
type Batch struct {
	N    int // rows
	Obs  []stability.Observation
	Line []int64 // of the file, from 1; of Parquet the row, from 1
	// Stream is the number of each row's stream in Names: the file's streams
	// so far, in the order of their coming. Without a column of streams
	// there is one, without a name.
	Stream []int32
	Names  []string
	// Probs are the probabilities of all classes, Classes of them for each
	// row; Classes is 0 where the file has none.
	Probs   []float32
	Classes int
	// Merged, where above 0, is how many of a row's probabilities are left
	// after somebody merged classes.
	Merged int
}

// NewBatch is an empty batch.
func NewBatch() *Batch {
	b := &Batch{
		Obs:    make([]stability.Observation, BatchRows),
		Line:   make([]int64, BatchRows),
		Stream: make([]int32, BatchRows),
	}
	for i := range b.Obs {
		b.Obs[i] = unknownObservation()
	}
	return b
}

// RowProbs are the probabilities of row i; nil where there are none.
func (b *Batch) RowProbs(i int) []float32 {
	if b.Classes == 0 || b.Obs[i].Label == stability.NoLabel {
		return nil
	}
	v := b.vector(i)
	if b.Merged > 0 {
		v = v[:b.Merged]
	}
	return v
}

// Merge replaces row i's observation and probabilities (nil: none) by what is
// left of them after classes were merged.
func (b *Batch) Merge(i int, o *stability.Observation, probs []float32) {
	b.Obs[i] = *o
	if probs != nil {
		b.Merged = copy(b.vector(i), probs)
	}
}

// vector is the place of row i's probabilities.
func (b *Batch) vector(i int) []float32 {
	return b.Probs[i*b.Classes : (i+1)*b.Classes]
}

func (b *Batch) setClasses(n int) {
	b.Classes = n
	if len(b.Probs) < n*BatchRows {
		b.Probs = make([]float32, n*BatchRows)
	}
}

// unknownObservation is what a row says that says nothing.
func unknownObservation() stability.Observation {
	nan := float32(math.NaN())
	return stability.Observation{
		Label: stability.NoLabel, Score: nan, PrevLabelScore: nan, Change: -1, ChangeMax: nan,
	}
}

// Source is where observations come from one by one: a file here, a broker
// elsewhere. Read returns io.EOF after the last. Close follows the last Read
// and may be called again.
type Source interface {
	Read(ctx context.Context, into *stability.Observation) error
	Close() error
}
