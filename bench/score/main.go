// Command score measures how fast and in how much memory flipmeter score
// reads labels: it makes a Parquet and a CSV file of so many labels at 30
// frames a second, and the same in several CSV files, scores each without
// tables, and prints labels a second from start to end, processor time, and
// the largest resident size.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("score", flag.ContinueOnError)
	bin := f.String("bin", "bin/flipmeter-pure", "the program")
	dir := f.String("dir", "out/bench-score", "folder of the files, which are kept")
	rows := f.Int("rows", 100_000_000, "labels in a file")
	which := f.String("formats", "parquet,csv,files", "formats, separated by commas; files is CSV in several files")
	if err := f.Parse(args); err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o777); err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "input\tlabels\tbytes\tseconds\tlabels a second\tprocessor seconds\tlargest size")
	for _, format := range strings.Split(*which, ",") {
		paths := []string{filepath.Join(*dir, fmt.Sprintf("labels-%d.%s", *rows, format))}
		made := format
		if format == "files" {
			paths, made = nil, "csv"
			for i := range parts {
				paths = append(paths, filepath.Join(*dir, fmt.Sprintf("labels-%d-of-%d-of-%d.csv", i+1, parts, *rows)))
			}
		}
		n := *rows / len(paths)
		for _, path := range paths {
			if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
				if err := generate(path, made, n); err != nil {
					return err
				}
			}
		}
		line, err := measure(ctx, *bin, paths, n*len(paths), *dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%s\t%s\n", format, line)
	}
	return t.Flush()
}

// parts is how many files the labels of the format "files" are in.
const parts = 40

// measure scores files in a process of its own.
func measure(ctx context.Context, bin string, paths []string, rows int, dir string) (string, error) {
	size := int64(0)
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		size += st.Size()
	}
	cmd := exec.CommandContext(ctx, bin, append([]string{"score", "--tables", "none", "--out", filepath.Join(dir, "out")}, paths...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w", cmd, err)
	}
	took := time.Since(start)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return "", errors.New("this system doesn't tell what a process used")
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return fmt.Sprintf("%d\t%d\t%.1f\t%.2f M\t%.1f\t%d MB", rows, size, took.Seconds(),
		float64(rows)/took.Seconds()/1e6, used.Seconds(), usage.Maxrss>>10), nil
}
