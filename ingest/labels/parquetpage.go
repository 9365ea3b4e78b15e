package labels

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// plainPage is a page without nulls, read straight from its memory: what a
// value costs is then a copy. Exactly one of the slices is not nil.
type plainPage struct {
	int32s  []int32
	int64s  []int64
	floats  []float32
	doubles []float64
	codes   []int32 // places in the column's dictionary
}

func (p *plainPage) len() int {
	return len(p.int32s) + len(p.int64s) + len(p.floats) + len(p.doubles) + len(p.codes)
}

// plain looks at a page's memory; ok is false where it has to be read value
// by value.
func (p *parquetColumn) plainPage(page parquet.Page) (out plainPage, ok bool) {
	if p.repeated || page.NumNulls() > 0 {
		return out, false
	}
	data := page.Data()
	if d := page.Dictionary(); d != nil {
		if data.Kind() != encoding.Int32 || !p.isText() {
			return out, false
		}
		p.takeDictionary(d)
		out.codes = data.Int32()
		for _, c := range out.codes {
			if c < 0 || int(c) >= len(p.words) {
				return out, false
			}
		}
		return out, len(out.codes) == int(page.NumValues())
	}
	switch {
	case p.kind == parquet.Int32 && data.Kind() == encoding.Int32:
		out.int32s = data.Int32()
	case p.kind == parquet.Int64 && data.Kind() == encoding.Int64:
		out.int64s = data.Int64()
	case p.kind == parquet.Float && data.Kind() == encoding.Float:
		out.floats = data.Float()
	case p.kind == parquet.Double && data.Kind() == encoding.Double:
		out.doubles = data.Double()
	}
	return out, out.len() > 0 && out.len() == int(page.NumValues())
}

func (p *parquetColumn) isText() bool {
	return p.kind == parquet.ByteArray || p.kind == parquet.FixedLenByteArray
}

// takeDictionary copies a dictionary's words: they outlive its pages.
func (p *parquetColumn) takeDictionary(d parquet.Dictionary) {
	if p.dictionary == d {
		return
	}
	p.dictionary = d
	p.words, p.labels = nil, nil
	for i := range d.Len() {
		p.words = append(p.words, append([]byte(nil), d.Index(int32(i)).ByteArray()...))
		p.labels = append(p.labels, unresolved)
	}
}

// unresolved stands for the label of a word that no row had yet.
const unresolved = -2

// takePlain gives the next values of a plain page, at most n, and says how
// many.
func (p *parquetColumn) takePlain(n int) int {
	n = min(n, p.plain.len())
	switch pl := &p.plain; {
	case pl.int32s != nil:
		for _, v := range pl.int32s[:n] {
			p.whole = append(p.whole, int64(v))
		}
		pl.int32s = pl.int32s[n:]
	case pl.int64s != nil:
		p.whole = append(p.whole, pl.int64s[:n]...)
		pl.int64s = pl.int64s[n:]
	case pl.floats != nil:
		for _, v := range pl.floats[:n] {
			p.real = append(p.real, float64(v))
		}
		pl.floats = pl.floats[n:]
	case pl.doubles != nil:
		p.real = append(p.real, pl.doubles[:n]...)
		pl.doubles = pl.doubles[n:]
	default:
		for _, c := range pl.codes[:n] {
			p.texts = append(p.texts, p.words[c])
		}
		p.codes = append(p.codes, pl.codes[:n]...)
		pl.codes = pl.codes[n:]
	}
	for range n {
		p.nulls = append(p.nulls, false)
	}
	return n
}
