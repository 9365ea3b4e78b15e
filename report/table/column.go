package table

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// column is one field of a row type.
type column struct {
	name  string
	index int
}

// columnsOf lists the columns of a row type in the order of its fields.
func columnsOf[T any]() []column {
	t := reflect.TypeFor[T]()
	cols := make([]column, t.NumField())
	for i := range cols {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("parquet"), ",")
		cols[i] = column{name, i}
	}
	return cols
}

// Columns are the names of a table's columns in their order.
func Columns[T Frame | Flip]() []string {
	var names []string
	for _, c := range columnsOf[T]() {
		names = append(names, c.name)
	}
	return names
}

// formatRow fills record with the cells of a row.
func formatRow[T any](row *T, cols []column, record []string) {
	v := reflect.ValueOf(row).Elem()
	for i, c := range cols {
		record[i] = formatCell(v.Field(c.index))
	}
}

func formatCell(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return formatCell(v.Elem())
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int32:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Float32:
		return formatFloat(v.Float(), 32)
	case reflect.Float64:
		return formatFloat(v.Float(), 64)
	case reflect.Slice:
		if v.Len() == 0 {
			return ""
		}
		var b strings.Builder
		for i := range v.Len() {
			b.WriteByte("[,"[min(i, 1)])
			b.WriteString(formatCell(v.Index(i)))
		}
		return b.String() + "]"
	default:
		panic("BUG: no cell format for " + v.Kind().String())
	}
}

// formatFloat is the shortest decimal that reads back the same; 'f' where
// that is short, so that a spreadsheet shows no exponents for usual figures.
func formatFloat(f float64, bits int) string {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(f, 'g', -1, bits)
	}
	return strconv.FormatFloat(f, 'f', -1, bits)
}

// parseCell sets v from a cell; an empty cell leaves the zero value, which
// for a nullable column is null.
func parseCell(v reflect.Value, cell string) error {
	if cell == "" {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if err := parseCell(p.Elem(), cell); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case reflect.String:
		v.SetString(cell)
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.ToLower(cell))
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", cell)
		}
		v.SetBool(b)
		return nil
	case reflect.Int32:
		n, err := strconv.ParseInt(cell, 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not a whole number of 32 bits", cell)
		}
		v.SetInt(n)
		return nil
	case reflect.Uint64:
		n, err := strconv.ParseUint(cell, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number from 0", cell)
		}
		v.SetUint(n)
		return nil
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(cell, v.Type().Bits())
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%q is not a number", cell)
		}
		v.SetFloat(f)
		return nil
	case reflect.Slice:
		if err := json.Unmarshal([]byte(cell), v.Addr().Interface()); err != nil {
			return fmt.Errorf("%q is not a list like [1,2,3]", cell)
		}
		return nil
	default:
		panic("BUG: no cell parser for " + v.Kind().String())
	}
}
