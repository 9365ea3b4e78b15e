package labels

import "regexp"

// Unknown says in sentences what can't be known of the file's labels, and
// what would make it known.
func (f Facts) Unknown() []string {
	var notes []string
	say := func(missing bool, text string) {
		if missing {
			notes = append(notes, text)
		}
	}
	say(!f.Times, "The input has no times: kinds, rates and durations are not known (give --fps, or a column pts_ms).")
	say(!f.Scores, "The input has no scores: what is decided, and the change of probability, are not known.")
	say(f.Scores && !f.Rankings, "The input has no rankings: the top-5 distance is not known.")
	switch {
	case !f.Changes && !f.Cuts:
		notes = append(notes, "The input tells of no pictures: still and moving pairs and scene cuts are not known, and only glitches can count as unexplained.")
	case !f.Changes:
		notes = append(notes, "The input doesn't tell how much the picture changed: still and moving pairs are not known, and only glitches can count as unexplained.")
	case !f.Cuts:
		notes = append(notes, "The input doesn't tell of scene cuts: a change of label over a cut counts as a flip.")
	}
	return notes
}

var wordNetForm = regexp.MustCompile(`^n[0-9]{8}$`)

// IsWordNetID says whether a text has the form of a WordNet id of a noun.
func IsWordNetID(s string) bool { return wordNetForm.MatchString(s) }
