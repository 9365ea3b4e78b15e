package table

import "fmt"

// Format is how tables are written.
type Format string

// The formats. None writes no tables.
const (
	Parquet Format = "parquet"
	CSV     Format = "csv"
	JSONL   Format = "jsonl"
	None    Format = "none"
)

// FramesName and FlipsName are the tables' file names without extension,
// which is the format.
const (
	FramesName = "frames"
	FlipsName  = "flips"
)

// Valid reports whether f is one of the formats.
func (f Format) Valid() bool {
	return f == Parquet || f == CSV || f == JSONL || f == None
}

// Frame is a row of the frames table: one observation.
type Frame struct {
	Stream string `parquet:"stream,dict" json:"stream"`
	Epoch  uint64 `parquet:"epoch" json:"epoch"`
	Seq    uint64 `parquet:"seq" json:"seq"`
	// PTSMs is relative to the stream's first frame, in milliseconds; null
	// where the input has no times.
	PTSMs        *float64 `parquet:"pts_ms,optional" json:"pts_ms"`
	PTSEstimated bool     `parquet:"pts_estimated" json:"pts_estimated"`
	LabelIndex   *int32   `parquet:"label_index,optional" json:"label_index"`
	Label        *string  `parquet:"label,optional,dict" json:"label"`
	Score        *float32 `parquet:"score,optional" json:"score"`
	// Margin is p(top1) − p(top2).
	Margin *float32 `parquet:"margin,optional" json:"margin"`
	// PrevLabelScore is this frame's probability of the label of the frame
	// that it pairs with.
	PrevLabelScore *float32  `parquet:"prev_label_score,optional" json:"prev_label_score"`
	Top5Index      []int32   `parquet:"top5_index,list" json:"top5_index"`
	Top5Score      []float32 `parquet:"top5_score,list" json:"top5_score"`
	// Change is the number of cells of the 32×32 change map that changed,
	// ChangeMax the largest difference of a cell in grey levels.
	Change    *int32   `parquet:"change,optional" json:"change"`
	ChangeMax *float32 `parquet:"change_max,optional" json:"change_max"`
	Repeat    bool     `parquet:"repeat" json:"repeat"`
	Cut       bool     `parquet:"cut" json:"cut"`
	// Break is the reason why the frame has no pair; null where it has one
	// and at the first frame.
	Break *string `parquet:"break,optional,dict" json:"break"`
	// Decided, Flip and Still belong to the pair that the frame forms with
	// the one before; null without a pair.
	Decided *bool `parquet:"decided,optional" json:"decided"`
	Flip    *bool `parquet:"flip,optional" json:"flip"`
	// Kind of the flip; null without one.
	Kind  *string `parquet:"kind,optional,dict" json:"kind"`
	Still *bool   `parquet:"still,optional" json:"still"`
}

// Flip is a row of the flips table.
type Flip struct {
	Stream       string   `parquet:"stream,dict" json:"stream"`
	Epoch        uint64   `parquet:"epoch" json:"epoch"`
	Seq          uint64   `parquet:"seq" json:"seq"`
	PTSMs        *float64 `parquet:"pts_ms,optional" json:"pts_ms"`
	FromIndex    int32    `parquet:"from_index" json:"from_index"`
	From         string   `parquet:"from,dict" json:"from"`
	ToIndex      int32    `parquet:"to_index" json:"to_index"`
	To           string   `parquet:"to,dict" json:"to"`
	FromScore    *float32 `parquet:"from_score,optional" json:"from_score"`
	ToScore      *float32 `parquet:"to_score,optional" json:"to_score"`
	MarginBefore *float32 `parquet:"margin_before,optional" json:"margin_before"`
	MarginAfter  *float32 `parquet:"margin_after,optional" json:"margin_after"`
	Kind         *string  `parquet:"kind,optional,dict" json:"kind"`
	// GlitchID numbers the excursions of a stream from 1; null unless the
	// kind is glitch.
	GlitchID    *uint64 `parquet:"glitch_id,optional" json:"glitch_id"`
	Still       *bool   `parquet:"still,optional" json:"still"`
	NearCut     bool    `parquet:"near_cut" json:"near_cut"`
	Unexplained bool    `parquet:"unexplained" json:"unexplained"`
	// HeldBeforeMs and HeldAfterMs are how long the labels before and after
	// were held, in milliseconds.
	HeldBeforeMs *float64 `parquet:"held_before_ms,optional" json:"held_before_ms"`
	HeldAfterMs  *float64 `parquet:"held_after_ms,optional" json:"held_after_ms"`
	// ID is FlipID of the row.
	ID string `parquet:"id" json:"id"`
}

// FlipID is the stable name of a flip.
func FlipID(stream string, epoch, seq uint64) string {
	return fmt.Sprintf("%s:%d:flip:%d", stream, epoch, seq)
}
