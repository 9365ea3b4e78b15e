package alerts

// limits are the two bounds of a rule at some moment.
type limits struct {
	fire, clear float64
	below       bool // the rule fires below its bound
}

func (l *limits) fires(v float64) bool {
	if l.below {
		return v < l.fire
	}
	return v > l.fire
}

func (l *limits) clears(v float64) bool {
	if l.below {
		return v >= l.clear
	}
	return v <= l.clear
}

// fixed are the limits of a rule without a baseline.
func (r *Rule) fixed() limits {
	switch {
	case r.FireAbove != nil:
		l := limits{fire: *r.FireAbove, clear: *r.FireAbove}
		if r.ClearBelow != nil {
			l.clear = *r.ClearBelow
		}
		return l
	case r.FireBelow != nil:
		l := limits{fire: *r.FireBelow, clear: *r.FireBelow, below: true}
		if r.ClearAbove != nil {
			l.clear = *r.ClearAbove
		}
		return l
	}
	return limits{}
}
