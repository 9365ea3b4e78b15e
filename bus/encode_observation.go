package bus

import (
	"encoding/json"
	"strconv"
	"time"
)

// appendJSON writes what json.Marshal makes of an observation, at a fraction
// of its cost: of all payloads only this one comes with every frame.
func (o *Observation) appendJSON(b []byte) []byte {
	b = o.Envelope.appendFields(append(b, '{'))
	b = append(b, ',')
	b = o.Label.appendFields(b)
	b = append(b, `,"margin":`...)
	b = appendNumber(b, float64(o.Margin), 32)
	b = append(b, `,"prev_label_score":`...)
	b = appendNumber(b, float64(o.PrevLabelScore), 32)
	b = append(b, `,"top":[`...)
	for i := range o.Top {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(o.Top[i].appendFields(append(b, '{')), '}')
	}
	b = append(b, `],"pts_estimated":`...)
	b = strconv.AppendBool(b, o.PTSEstimated)
	b = append(b, `,"repeat":`...)
	b = strconv.AppendBool(b, o.Repeat)
	b = append(b, `,"cut":`...)
	b = strconv.AppendBool(b, o.Cut)
	b = append(b, `,"break":`...)
	b = appendString(b, o.Break)
	b = append(b, `,"pair":`...)
	b = strconv.AppendBool(b, o.Pair)
	b = append(b, `,"decided":`...)
	b = strconv.AppendBool(b, o.Decided)
	b = append(b, `,"still":`...)
	if o.Still == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendBool(b, *o.Still)
	}
	b = append(b, `,"flip":`...)
	b = strconv.AppendBool(b, o.Flip)
	b = append(b, `,"change":`...)
	if o.Change == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, int64(*o.Change), 10)
	}
	b = append(b, `,"change_max":`...)
	b = appendNumber(b, float64(o.ChangeMax), 64)
	for i := range o.Traced {
		if i == 0 {
			b = append(b, `,"traced":[{"label":`...)
		} else {
			b = append(b, `,{"label":`...)
		}
		b = appendString(b, o.Traced[i].Label)
		b = append(b, `,"score":`...)
		b = append(appendNumber(b, float64(o.Traced[i].Score), 32), '}')
	}
	if len(o.Traced) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

func (e *Envelope) appendFields(b []byte) []byte {
	b = append(b, `"schema":`...)
	b = appendString(b, e.Schema)
	b = append(b, `,"id":`...)
	b = appendString(b, e.ID)
	b = append(b, `,"revision":`...)
	b = strconv.AppendInt(b, int64(e.Revision), 10)
	b = append(b, `,"site":`...)
	b = appendString(b, e.Site)
	b = append(b, `,"camera":`...)
	b = appendString(b, e.Camera)
	b = append(b, `,"track":`...)
	b = appendString(b, e.Track)
	b = append(b, `,"epoch":`...)
	b = strconv.AppendUint(b, e.Epoch, 10)
	b = append(b, `,"seq":`...)
	b = strconv.AppendUint(b, e.Seq, 10)
	b = append(b, `,"pts_ms":`...)
	b = appendNumber(b, float64(e.PTSMs), 64)
	b = append(b, `,"at":"`...)
	b = append(e.At.AppendFormat(b, time.RFC3339Nano), '"')
	b = append(b, `,"identity":`...)
	return appendString(b, e.Identity)
}

func (l *Label) appendFields(b []byte) []byte {
	b = append(b, `"index":`...)
	b = strconv.AppendInt(b, int64(l.Index), 10)
	b = append(b, `,"label":`...)
	b = appendString(b, l.Label)
	b = append(b, `,"score":`...)
	return appendNumber(b, float64(l.Score), 32)
}

// appendString writes a string as json.Marshal does.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic("BUG: encoding a string: " + err.Error())
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
