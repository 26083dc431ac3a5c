package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mavis/compat/explain"
	"mavis/engine/mail"
)

// checkCommand holds a configuration to what its site expects of it.
type checkCommand struct {
	configFiles
	Quiet  bool     `short:"q" help:"Print failures and the sum only."`
	Suites []string `arg:"" name:"file" help:"Suites: txtar files with cases, and the configuration or its path."`
}

// Run prints a line for each case. The status is 0 when all come out as expected, 1 when one does not, 2 when a suite or its
// configuration cannot be used.
func (c *checkCommand) Run(s streams) error {
	cases, failed := 0, 0
	for _, name := range c.Suites {
		n, bad, err := c.suite(s, name)
		if err != nil {
			return err
		}
		cases, failed = cases+n, failed+bad
	}
	if failed > 0 {
		fmt.Fprintf(s.out, "%d of %d cases failed\n", failed, cases)
		return exitStatus(1)
	}
	fmt.Fprintf(s.out, "%d cases passed\n", cases)
	return nil
}

func (c *checkCommand) suite(s streams, name string) (cases, failed int, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, 0, usage(s, err)
	}
	suite, err := explain.ParseSuite(text, filepath.Dir(name), os.ReadFile)
	if err != nil {
		return 0, 0, usage(s, fmt.Errorf("%s: %w", name, err))
	}
	folder, err := os.MkdirTemp("", "mavis-check-")
	if err != nil {
		return 0, 0, usage(s, err)
	}
	defer os.RemoveAll(folder)
	files := suite.Config
	for i, f := range suite.Files {
		dir := filepath.Join(folder, fmt.Sprint(i)) // two sections may have one name
		path := filepath.Join(dir, filepath.Base(f.Name))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return 0, 0, usage(s, err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return 0, 0, usage(s, err)
		}
		files = append(files, path)
	}
	cfg, err := c.model(s, files)
	if err != nil {
		return 0, 0, err
	}
	bench, err := explain.New(cfg)
	if err != nil {
		return 0, 0, usage(s, err)
	}
	defer bench.Close()
	for _, n := range suite.Cases {
		a, err := bench.Run(context.Background(), n.Case)
		if err != nil {
			return 0, 0, usage(s, fmt.Errorf("%s: case %s: %w", name, n.Name, err))
		}
		differs, err := a.Check(n.Expect)
		if err != nil {
			return 0, 0, usage(s, fmt.Errorf("%s: case %s: %w", name, n.Name, err))
		}
		if len(differs) > 0 {
			failed++
		}
		c.report(s, name+": "+n.Name, a, differs)
	}
	return len(suite.Cases), failed, nil
}

// report prints a case; one that failed comes with the steps that decided.
func (c *checkCommand) report(s streams, name string, a *explain.Answer, differs []explain.Difference) {
	if len(differs) == 0 {
		if !c.Quiet {
			fmt.Fprintln(s.out, "ok   ", name)
		}
		return
	}
	fmt.Fprintln(s.out, "FAIL ", name)
	for _, d := range differs {
		fmt.Fprintln(s.out, "      "+d.String())
	}
	for _, step := range a.Steps {
		switch step.Stage {
		case mail.StageFound, mail.StageLover, mail.StageDestiny, mail.StageQuarantine, mail.StageNext, mail.StageReply:
			fmt.Fprintf(s.out, "      %-11s %s\n", step.Stage, stepText(step))
		}
	}
}
