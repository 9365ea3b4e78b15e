// Package junit writes the result of a suite as JUnit XML, the form in which
// CI systems read test results: a testsuite for the manifest, a testcase for
// measuring each clip and one for each of its expectations.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"

	"github.com/flipmeter/flipmeter/suite"
)

type testSuites struct {
	XMLName xml.Name    `xml:"testsuites"`
	Suites  []testSuite `xml:"testsuite"`
}

type testSuite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Time     string     `xml:"time,attr"` // seconds
	Cases    []testCase `xml:"testcase"`
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr"`
	Failure *problem `xml:"failure,omitempty"`
	Error   *problem `xml:"error,omitempty"`
	Skipped *problem `xml:"skipped,omitempty"`
	Out     string   `xml:"system-out,omitempty"`
}

type problem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// Write writes the result.
func Write(w io.Writer, r *suite.Result) error {
	s := testSuite{Name: r.Name}
	var took time.Duration
	for i := range r.Clips {
		c := &r.Clips[i]
		took += c.Took
		measured := testCase{Class: c.Name, Name: "measured", Time: seconds(c.Took)}
		if c.Err != nil {
			measured.Error = &problem{Message: c.Err.Error(), Type: "error", Text: c.Err.Error()}
			s.Errors++
		}
		s.Cases = append(s.Cases, measured)
		for _, v := range c.Verdicts {
			t := testCase{Class: c.Name, Name: v.Expect, Time: seconds(0)}
			switch {
			case v.Skipped:
				t.Skipped = &problem{Message: v.Message}
				s.Skipped++
			case !v.Passed:
				t.Failure = &problem{Message: v.Message, Type: "expectation", Text: v.Message}
				s.Failures++
			default:
				t.Out = v.Message
			}
			s.Cases = append(s.Cases, t)
		}
	}
	s.Tests, s.Time = len(s.Cases), seconds(took)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(testSuites{Suites: []testSuite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
