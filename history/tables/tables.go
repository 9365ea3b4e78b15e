// Package tables writes what a history keeps as tables for other programs:
// windows, flips and alerts of a stretch of time, as Parquet, CSV or JSON
// lines. docs/fields.md lists their columns; a test holds it against the
// types here.
package tables

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/report/table"
)

// Window is a row of the table windows; null is not known.
type Window struct {
	Camera          string   `parquet:"camera,dict" json:"camera"`
	At              string   `parquet:"at" json:"at"` // the window's end, RFC 3339, UTC
	WidthMs         uint64   `parquet:"width_ms" json:"width_ms"`
	Pairs           uint64   `parquet:"pairs" json:"pairs"`
	Flips           uint64   `parquet:"flips" json:"flips"`
	Unexplained     uint64   `parquet:"unexplained" json:"unexplained"`
	Glitches        uint64   `parquet:"glitches" json:"glitches"`
	DecidedPairs    uint64   `parquet:"decided_pairs" json:"decided_pairs"`
	DecidedFlips    uint64   `parquet:"decided_flips" json:"decided_flips"`
	ObservedMs      uint64   `parquet:"observed_ms" json:"observed_ms"`
	UncoveredMs     uint64   `parquet:"uncovered_ms" json:"uncovered_ms"`
	MeanScore       *float64 `parquet:"mean_score,optional" json:"mean_score"`
	MAC             *float64 `parquet:"mac,optional" json:"mac"`
	EntropyBits     *float64 `parquet:"entropy_bits,optional" json:"entropy_bits"`
	FlappingPercent *float64 `parquet:"flapping_percent,optional" json:"flapping_percent"`
}

// Flip is a row of the table flips.
type Flip struct {
	Camera       string `parquet:"camera,dict" json:"camera"`
	Track        string `parquet:"track,dict" json:"track"`
	ID           string `parquet:"id" json:"id"`
	At           string `parquet:"at" json:"at"`
	From         string `parquet:"from,dict" json:"from"`
	To           string `parquet:"to,dict" json:"to"`
	Kind         string `parquet:"kind,dict" json:"kind"`
	Unexplained  bool   `parquet:"unexplained" json:"unexplained"`
	Decided      bool   `parquet:"decided" json:"decided"`
	HeldBeforeMs uint64 `parquet:"held_before_ms" json:"held_before_ms"`
	HeldAfterMs  uint64 `parquet:"held_after_ms" json:"held_after_ms"`
}

// Alert is a row of the table alerts: one message.
type Alert struct {
	Camera   string   `parquet:"camera,dict" json:"camera"`
	Rule     string   `parquet:"rule,dict" json:"rule"`
	ID       string   `parquet:"id" json:"id"`
	Revision uint64   `parquet:"revision" json:"revision"`
	State    string   `parquet:"state,dict" json:"state"`
	Severity string   `parquet:"severity,dict" json:"severity"`
	Metric   string   `parquet:"metric,dict" json:"metric"`
	WindowMs uint64   `parquet:"window_ms" json:"window_ms"`
	At       string   `parquet:"at" json:"at"`
	StartsAt string   `parquet:"starts_at" json:"starts_at"`
	EndsAt   *string  `parquet:"ends_at,optional" json:"ends_at"`
	Value    *float64 `parquet:"value,optional" json:"value"`
	Bound    *float64 `parquet:"bound,optional" json:"bound"`
	Reason   string   `parquet:"reason,dict" json:"reason"`
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func natural(n int64) uint64 { return uint64(max(n, 0)) }

// Create makes a file of a name and has it filled.
type Create func(name string, fill func(io.Writer) error) error

// Write writes windows, flips and alerts of q's stretch of time: of its
// camera, or of all of cameras and whatever was told of any. create is called
// for each, with the name of the table and format as its extension.
func Write(ctx context.Context, store *history.Store, q history.Query, cameras []string, format table.Format, create Create) error {
	if q.Camera != "" {
		cameras = slices.DeleteFunc(slices.Clone(cameras), func(name string) bool { return name != q.Camera })
	}
	each := func(do func(q history.Query) error) error {
		for _, name := range cameras {
			of := q
			of.Camera = name
			if err := do(of); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.Join(
		one(create, "windows", format, func(put func(...Window) error) error {
			return each(func(q history.Query) error {
				return store.EachWindow(ctx, q, func(w *history.Window) error {
					return put(Window{
						q.Camera, stamp(w.At), natural(w.Width.Milliseconds()), natural(w.Pairs), natural(w.Flips), natural(w.Unexplained), natural(w.Glitches),
						natural(w.DecidedPairs), natural(w.DecidedFlips), natural(w.Observed.Milliseconds()), natural(w.Uncovered.Milliseconds()),
						alerts.Known(w.MeanScore), alerts.Known(w.MAC), alerts.Known(w.EntropyBits), alerts.Known(w.FlappingPercent),
					})
				})
			})
		}),
		one(create, "flips", format, func(put func(...Flip) error) error {
			return each(func(q history.Query) error {
				return store.EachFlip(ctx, q, func(f *history.Flip) error {
					return put(Flip{f.Camera, f.Track, f.ID, stamp(f.At), f.From, f.To, f.Kind, f.Unexplained, f.Decided, natural(f.HeldBeforeMs), natural(f.HeldAfterMs)})
				})
			})
		}),
		one(create, "alerts", format, func(put func(...Alert) error) error {
			return store.EachAlert(ctx, q, func(n *alerts.Notice) error {
				var ends *string
				if !n.EndsAt.IsZero() {
					s := stamp(n.EndsAt)
					ends = &s
				}
				return put(Alert{n.Camera, n.Rule, n.ID, natural(int64(n.Revision)), string(n.State), n.Severity, n.Metric, natural(n.Window.Milliseconds()),
					stamp(n.At), stamp(n.StartsAt), ends, n.Value, n.Bound, n.Reason})
			})
		}),
	)
}

func one[T any](create Create, name string, format table.Format, fill func(put func(...T) error) error) error {
	return create(name+"."+string(format), func(w io.Writer) error {
		t, err := table.NewWriter[T](w, format)
		if err != nil {
			return err
		}
		return errors.Join(fill(t.Write), t.Close())
	})
}
