package report

import "io"

// WriteText writes the few figures that matter, for a terminal.
func (s *Summary) WriteText(w io.Writer) error { return nil }
