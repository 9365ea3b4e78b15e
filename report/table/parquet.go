package table

import (
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetReader fills rows from the columns of a file whose names it knows.
// It takes values one by one and looks at the kind of each: what the library
// itself makes of columns that don't fit a struct can't be trusted.
type parquetReader[T Frame | Flip] struct {
	groups []parquet.RowGroup // not begun yet
	rows   parquet.Rows       // of the group under way, nil between groups
	buf    []parquet.Row
	field  []int // of T for each leaf column of the file; -1 none
	name   []string
	signed []bool
}

func newParquetReader[T Frame | Flip](ra io.ReaderAt, size int64) (_ *Reader[T], err error) {
	defer recoverInto(&err)
	f, err := parquet.OpenFile(ra, size)
	if err != nil {
		return nil, fmt.Errorf("open Parquet table: %w", err)
	}
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			// The library never ends with damaged LZ4 data.
			if c.MetaData.Codec == format.Lz4Raw {
				return nil, errors.New("open Parquet table: LZ4 compression is not supported: write it with zstd or snappy")
			}
		}
	}
	p := &parquetReader[T]{groups: f.RowGroups()}
	r := &Reader[T]{close: p.closeRows, columns: []string{}}
	cols := columnsOf[T]()
	for _, path := range f.Schema().Columns() {
		i := slices.IndexFunc(cols, func(c column) bool { return len(path) > 0 && c.name == path[0] })
		name, signed := strings.Join(path, "."), true
		if i >= 0 {
			name = cols[i].name
			r.columns = append(r.columns, name)
			if leaf, ok := f.Schema().Lookup(path...); ok {
				if l := leaf.Node.Type().LogicalType(); l != nil {
					if whole, ok := l.Value.(*format.IntType); ok {
						signed = whole.IsSigned
					}
				}
				if err := fits(reflect.TypeFor[T]().Field(i).Type, leaf.Node.Type().Kind()); err != nil {
					return nil, fmt.Errorf("open Parquet table: column %s holds %w", name, err)
				}
			}
		}
		p.field, p.name, p.signed = append(p.field, i), append(p.name, name), append(p.signed, signed)
	}
	r.read = func(rows []T) (n int, err error) {
		defer recoverInto(&err)
		return p.read(rows)
	}
	return r, nil
}

// recoverInto makes an error of a panic: the library panics on some damaged
// files.
func recoverInto(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("read Parquet table: the file is damaged: %v", v)
	}
}

// fits says what a column holds that a field can't take, or nil.
func fits(field reflect.Type, kind parquet.Kind) error {
	if field.Kind() == reflect.Pointer || field.Kind() == reflect.Slice {
		field = field.Elem()
	}
	want, ok := "a number", kind == parquet.Int32 || kind == parquet.Int64
	switch field.Kind() {
	case reflect.String:
		want, ok = "text", kind == parquet.ByteArray || kind == parquet.FixedLenByteArray
	case reflect.Bool:
		want, ok = "true or false", kind == parquet.Boolean
	case reflect.Float32, reflect.Float64:
		ok = ok || kind == parquet.Float || kind == parquet.Double
	}
	if !ok {
		return fmt.Errorf("%s, not %s", kind, want)
	}
	return nil
}

func (p *parquetReader[T]) closeRows() error {
	if p.rows == nil {
		return nil
	}
	err := p.rows.Close()
	p.rows = nil
	return err
}

func (p *parquetReader[T]) read(rows []T) (int, error) {
	done := 0
	for done < len(rows) {
		if p.rows == nil {
			if len(p.groups) == 0 {
				return done, io.EOF
			}
			p.rows, p.groups = p.groups[0].Rows(), p.groups[1:]
		}
		want := len(rows) - done
		for len(p.buf) < min(want, 256) {
			p.buf = append(p.buf, nil)
		}
		n, err := p.rows.ReadRows(p.buf[:min(want, 256)])
		for i, row := range p.buf[:n] {
			if err := p.set(&rows[done+i], row); err != nil {
				return done + i, err
			}
		}
		done += n
		switch {
		case errors.Is(err, io.EOF):
			if err := p.closeRows(); err != nil {
				return done, err
			}
		case err != nil:
			return done, fmt.Errorf("read Parquet table: %w", err)
		case n == 0:
			// A damaged file: its reader would wait for rows for ever.
			return done, fmt.Errorf("read Parquet table: %w", io.ErrNoProgress)
		}
	}
	return done, nil
}

// set fills a row's fields from its values.
func (p *parquetReader[T]) set(into *T, row parquet.Row) error {
	v := reflect.ValueOf(into).Elem()
	for _, value := range row {
		c := value.Column()
		if c < 0 || c >= len(p.field) || p.field[c] < 0 || value.IsNull() {
			continue
		}
		field := v.Field(p.field[c])
		target := field
		switch field.Kind() {
		case reflect.Pointer, reflect.Slice:
			target = reflect.New(field.Type().Elem()).Elem()
		}
		if err := setValue(target, value, p.signed[c]); err != nil {
			return fmt.Errorf("read Parquet table: column %s: %w", p.name[c], err)
		}
		switch field.Kind() {
		case reflect.Pointer:
			field.Set(target.Addr())
		case reflect.Slice:
			field.Set(reflect.Append(field, target))
		}
	}
	return nil
}

func setValue(target reflect.Value, v parquet.Value, signed bool) error {
	if err := fits(target.Type(), v.Kind()); err != nil {
		return fmt.Errorf("it holds %w", err)
	}
	var whole int64
	switch v.Kind() {
	case parquet.Int32:
		whole = int64(v.Int32())
	case parquet.Int64:
		whole = v.Int64()
	}
	switch target.Kind() {
	case reflect.String:
		target.SetString(string(v.ByteArray()))
	case reflect.Bool:
		target.SetBool(v.Boolean())
	case reflect.Int32:
		if whole < math.MinInt32 || whole > math.MaxInt32 {
			return fmt.Errorf("%d is not a whole number of 32 bits", whole)
		}
		target.SetInt(whole)
	case reflect.Uint64:
		if signed && whole < 0 {
			return fmt.Errorf("%d is not a whole number from 0", whole)
		}
		target.SetUint(uint64(whole))
	case reflect.Float32, reflect.Float64:
		switch v.Kind() {
		case parquet.Float:
			target.SetFloat(float64(v.Float()))
		case parquet.Double:
			target.SetFloat(v.Double())
		default:
			target.SetFloat(float64(whole))
		}
	}
	return nil
}
