package ruletest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/stability"
)

// frame is one frame of a sequence.
type frame struct {
	label  string
	score  float64 // negative: the test's own
	brk    stability.Reason
	repeat bool
}

const (
	maxFrames = 1 << 20
	maxNested = 16
)

// parseSequence reads a sequence; the error says at which letter it stopped.
func parseSequence(text string) ([]frame, error) {
	p := &sequenceParser{text: text}
	frames, err := p.list(0)
	if err == nil && p.at < len(p.text) {
		err = p.wrong("a ) without its (")
	}
	if err == nil && len(frames) == 0 {
		err = p.wrong("want at least one frame")
	}
	if err != nil {
		return nil, err
	}
	if frames[0].repeat {
		return nil, fmt.Errorf("!repeat needs a picture before it")
	}
	return frames, nil
}

type sequenceParser struct {
	text string
	at   int
	made int // frames, those of repeated groups counted as often
}

func (p *sequenceParser) wrong(format string, args ...any) error {
	return fmt.Errorf("at letter %d: "+format, append([]any{p.at + 1}, args...)...)
}

func (p *sequenceParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// list reads items up to the end or a closing bracket.
func (p *sequenceParser) list(depth int) ([]frame, error) {
	if depth > maxNested {
		return nil, p.wrong("brackets are nested too deeply")
	}
	var out []frame
	pending := stability.ReasonNone
	for {
		for strings.IndexByte(" \t\r\n", p.peek()) >= 0 && p.at < len(p.text) {
			p.at++
		}
		if p.at == len(p.text) || p.peek() == ')' {
			if pending != stability.ReasonNone {
				return nil, p.wrong("!%s needs a frame after it", pending)
			}
			return out, nil
		}
		if p.peek() == '!' {
			brk, repeats, err := p.mark()
			if err != nil {
				return nil, err
			}
			switch {
			case brk != stability.ReasonNone && pending != stability.ReasonNone:
				return nil, p.wrong("one break before a frame is enough")
			case brk != stability.ReasonNone:
				pending = brk
			case pending != stability.ReasonNone:
				return nil, p.wrong("a repeated picture can't follow a break")
			}
			for range repeats {
				out = append(out, frame{repeat: true, score: -1})
			}
			continue
		}
		items, err := p.item(depth)
		if err != nil {
			return nil, err
		}
		if pending != stability.ReasonNone && len(items) > 0 {
			items[0].brk = pending
			pending = stability.ReasonNone
		}
		out = append(out, items...)
	}
}

// mark reads !gap, or !repeat with how often.
func (p *sequenceParser) mark() (stability.Reason, int, error) {
	p.at++
	word := p.word()
	if word == "repeat" {
		n, _, err := p.suffixes(false)
		return stability.ReasonNone, n, err
	}
	r, ok := stability.ParseReason(word)
	if !ok || r == stability.ReasonNone {
		return 0, 0, p.wrong("!%s is not one of !gap, !reconnect, !size, !model, !time, !cut, !repeat", word)
	}
	return r, 0, nil
}

func (p *sequenceParser) word() string {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n()*@!", p.text[p.at]) < 0 {
		p.at++
	}
	return p.text[start:p.at]
}

// item reads a label or a group, with how often and which score.
func (p *sequenceParser) item(depth int) ([]frame, error) {
	var unit []frame
	group := p.peek() == '('
	if group {
		p.at++
		before := p.made
		var err error
		if unit, err = p.list(depth + 1); err != nil {
			return nil, err
		}
		p.made = before
		if p.peek() != ')' {
			return nil, p.wrong("a ( without its )")
		}
		p.at++
		if len(unit) == 0 {
			return nil, p.wrong("nothing between the brackets")
		}
	} else {
		label := p.word()
		if label == "" {
			return nil, p.wrong("want a label, got %q", string(p.peek()))
		}
		unit = []frame{{label: label, score: -1}}
	}
	n, score, err := p.suffixes(true)
	if err != nil {
		return nil, err
	}
	if n > (maxFrames-p.made)/len(unit) {
		return nil, p.wrong("more than %d frames", maxFrames)
	}
	p.made += n * len(unit)
	out := make([]frame, 0, n*len(unit))
	for range n {
		out = append(out, unit...)
	}
	for i := range out {
		if score >= 0 && out[i].score < 0 {
			out[i].score = score
		}
	}
	return out, nil
}

// suffixes reads *N and @score, in either order; n is 1 and score negative
// where they are missing.
func (p *sequenceParser) suffixes(scores bool) (n int, score float64, err error) {
	n, score = 1, -1
	for counted := false; ; {
		switch {
		case p.peek() == '*' && !counted:
			p.at++
			word := p.word()
			if n, err = strconv.Atoi(word); err != nil || n < 1 || n > maxFrames {
				return 0, 0, p.wrong("want a number of frames from 1 to %d after *, got %q", maxFrames, word)
			}
			counted = true
		case p.peek() == '@' && scores && score < 0:
			p.at++
			word := p.word()
			if score, err = strconv.ParseFloat(word, 64); err != nil || !(score >= 0 && score <= 1) {
				return 0, 0, p.wrong("want a score from 0 to 1 after @, got %q", word)
			}
		case p.at == len(p.text) || strings.IndexByte(" \t\r\n()", p.peek()) >= 0:
			return n, score, nil
		default:
			return 0, 0, p.wrong("want a blank here, got %q", string(p.peek()))
		}
	}
}
