package report

import "io"

type page struct{}

func newPage(cfg Config, streams []*stream, out Outcome, sum *Summary) *page { return &page{} }

func (p *page) write(w io.Writer) error { _, err := io.WriteString(w, "<!doctype html>"); return err }
