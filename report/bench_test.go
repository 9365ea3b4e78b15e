package report

import (
	"context"
	"testing"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/report/table"
)

// BenchmarkRecord is what one frame costs the thread that records: 14 % of
// the frames flip, with pictures of width 256.
func BenchmarkRecord(b *testing.B) {
	for _, format := range []table.Format{table.None, table.Parquet, table.CSV} {
		b.Run(string(format), func(b *testing.B) {
			var pool frame.Pool
			s := film(b, &pool)
			fs := s.run()
			var events []*event.Event
			s.feed(b, recorderFunc(func(ev *event.Event) error {
				kept := *ev
				kept.Prev.Retain()
				kept.Cur.Retain()
				events = append(events, &kept)
				return nil
			}), fs, 10)
			r, err := NewRun(Config{Dir: b.TempDir(), Tables: format})
			if err != nil {
				b.Fatal(err)
			}
			rec, err := r.Stream(simStream("s"))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := rec.Record(context.Background(), events[i%len(events)]); err != nil {
					b.Fatal(err)
				}
			}
			if err := r.Abort(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
