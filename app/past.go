package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/history/tables"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/table"
)

// ReportOptions are the options of flipmeter report.
type ReportOptions struct {
	Config string // file that names the data folder, unless Data does
	Data   string // folder of flipmeter watch
	Since  time.Duration
	Until  time.Time // zero is now
	Camera string    // "" is all
	Out    string    // folder of the results
	Export string    // format of the tables, none writes none
	Tool   string
	Quiet  bool
}

// DefaultReportOptions are those of a plain flipmeter report.
func DefaultReportOptions() ReportOptions {
	return ReportOptions{Config: "flipmeter.yaml", Since: 24 * time.Hour, Out: "flipmeter-report", Export: string(table.None)}
}

// longestReport bounds the stretch of time of a report.
const longestReport = 366 * 24 * time.Hour

// Report draws the page of a stretch of the past, and exports it. It reads
// the history of a flipmeter watch that may be running, and takes no lock.
func Report(ctx context.Context, o ReportOptions, streams Streams) (err error) {
	defer func() { err = hint(err) }()
	switch {
	case o.Since <= 0 || o.Since > longestReport:
		return fmt.Errorf("%w: --since: must be above 0 and at most 366 days, got %v", ErrUsage, o.Since)
	case o.Out == "":
		return fmt.Errorf("%w: --out: must name a folder", ErrUsage)
	case !table.Format(o.Export).Valid():
		return fmt.Errorf("%w: --export: must be parquet, csv, jsonl or none, got %q", ErrUsage, o.Export)
	}
	if o.Data == "" {
		cfg, err := configs.Load(o.Config)
		if err != nil {
			return fmt.Errorf("%w: %w (or name the data folder with --data)", ErrUsage, err)
		}
		o.Data = cfg.Watch.Data
	}
	store, err := history.OpenToRead(filepath.Join(o.Data, "history"))
	if errors.Is(err, history.ErrNone) {
		return fmt.Errorf("%w: %w: name the data folder of a flipmeter watch with --data", ErrUsage, err)
	}
	if err != nil {
		return err
	}
	now := cmp.Or(o.Until, time.Now())
	q := history.Query{Camera: o.Camera, Since: now.Add(-o.Since), Until: now}
	if o.Until.IsZero() {
		if q.Until, err = store.Newest(ctx, o.Camera, now); err != nil {
			return err
		}
	}
	names, err := store.Cameras()
	if err != nil {
		return err
	}
	if o.Camera != "" && !slices.Contains(names, o.Camera) {
		return fmt.Errorf("%w: --camera: nothing is kept of %q; of these there is: %s", ErrUsage, o.Camera, strings.Join(names, ", "))
	}
	if err := os.MkdirAll(o.Out, 0o777); err != nil {
		return fmt.Errorf("create output folder (choose another with --out): %w", err)
	}
	unlock, err := lockFolder(o.Out, "--out")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if f := table.Format(o.Export); f != table.None {
		err := tables.Write(ctx, store, q, names, f, func(name string, fill func(io.Writer) error) error {
			return replace(filepath.Join(o.Out, name), fill)
		})
		if err != nil {
			return err
		}
	}
	var cameras []*report.Past
	err = replace(filepath.Join(o.Out, report.HTMLName), func(w io.Writer) error {
		cameras, err = writePast(ctx, w, store, q, o.Tool)
		return err
	})
	if err != nil {
		return err
	}
	if !o.Quiet {
		if o.Camera != "" {
			names = []string{o.Camera}
		}
		fmt.Fprint(streams.Out, pastLines(store, q, names, cameras))
		fmt.Fprintf(streams.Err, "written: %s\n", filepath.Join(o.Out, report.HTMLName))
	}
	return nil
}

// pastLines sums a stretch of time up, a line a camera, or says in one line
// that there is nothing.
func pastLines(store *history.Store, q history.Query, names []string, cameras []*report.Past) string {
	var b strings.Builder
	nothing := true
	for i, c := range cameras {
		pairs, flips, unexplained := c.Total()
		if c.Empty() {
			fmt.Fprintf(&b, "%s: nothing was measured\n", names[i])
			continue
		}
		nothing = false
		fmt.Fprintf(&b, "%s: %d flips in %d pairs, %d unexplained\n", names[i], flips, pairs, unexplained)
	}
	if !nothing {
		return b.String()
	}
	const form = "2006-01-02 15:04"
	kept := "the history is empty"
	if first, last, ok := store.Days(names); ok {
		kept = fmt.Sprintf("the history has %s to %s", first.Format(time.DateOnly), last.Format(time.DateOnly))
	}
	return fmt.Sprintf("nothing was measured from %s to %s: %s (choose with --since and --until)\n", q.Since.Format(form), q.Until.Format(form+" MST"), kept)
}

// replace writes a file at once: whoever reads it meanwhile has the old one.
func replace(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".partial-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}

// writePast draws the page of q's camera, or of all, in the zone of q.Until.
func writePast(ctx context.Context, w io.Writer, store *history.Store, q history.Query, tool string) ([]*report.Past, error) {
	names := []string{q.Camera}
	if q.Camera == "" {
		var err error
		if names, err = store.Cameras(); err != nil {
			return nil, err
		}
	}
	cfg := report.PastConfig{Tool: tool, Since: q.Since, Until: q.Until, Created: q.Until, MaxPictures: max(4, report.DefaultMaxPictures/max(1, len(names)))}
	var out []*report.Past
	for _, name := range names {
		p := report.NewPast(name, cfg)
		q.Camera = name
		err := errors.Join(
			store.EachWindow(ctx, q, func(x *history.Window) error {
				p.AddWindow(&report.PastWindow{
					At: x.At, Width: x.Width, Pairs: x.Pairs, Flips: x.Flips, Unexplained: x.Unexplained,
					DecidedPairs: x.DecidedPairs, DecidedFlips: x.DecidedFlips, Observed: x.Observed, Uncovered: x.Uncovered, MAC: x.MAC,
				})
				return nil
			}),
			store.EachFlip(ctx, q, func(f *history.Flip) error {
				if f.Track != "" {
					return nil // the windows are those of the camera's own labels
				}
				p.AddFlip(&report.PastFlip{
					At: f.At, From: f.From, To: f.To, Kind: f.Kind, Unexplained: f.Unexplained,
					HeldBefore: time.Duration(f.HeldBeforeMs) * time.Millisecond, HeldAfter: time.Duration(f.HeldAfterMs) * time.Millisecond,
				})
				return nil
			}),
			store.EachAlert(ctx, q, func(n *alerts.Notice) error {
				if n.Revision == 0 || n.State == alerts.Resolved { // reminders aside
					p.AddAlert(&report.PastAlert{At: n.At, Rule: n.Rule, State: string(n.State), Text: n.Summary()})
				}
				return nil
			}),
		)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, report.WritePast(w, cfg, out)
}

// report is the page of the dashboard's time range.
func (o *operating) report(ctx context.Context, w io.Writer, q history.Query) error {
	q.Since, q.Until = q.Since.Local(), q.Until.Local()
	_, err := writePast(ctx, w, o.history, q, "flipmeter watch")
	return err
}
