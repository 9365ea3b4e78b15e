package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newConfigHashCommand(streams app.Streams, in io.Reader) *cobra.Command {
	var token bool
	cmd := &cobra.Command{
		Use:   "hash",
		Short: "Make what a configuration file holds of a password or a token",
		Long: "hash reads a password from standard input and writes its hash, which a configuration\n" +
			"file may hold. With --token it makes a token and writes it with its hash: the token is\n" +
			"shown this once.\n" + exitStatusHelp,
		Example: "  flipmeter config hash\n  flipmeter config hash --token",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if token {
				t, hash := app.NewToken()
				_, err := fmt.Fprintf(streams.Out, "token: %s\nhash: %s\n", t, hash)
				return err
			}
			password, err := readPassword(streams.Err, in)
			if err != nil {
				return err
			}
			hash, err := app.HashPassword(password)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(streams.Out, hash)
			return err
		},
	}
	cmd.Flags().BoolVar(&token, "token", false, "make a token instead")
	return cmd
}

// readPassword asks for a password without showing it, or reads a line.
func readPassword(out io.Writer, in io.Reader) (string, error) {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(out, "Password: ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(out)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(b), nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && line == "" {
		return "", fmt.Errorf("read the password from standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
