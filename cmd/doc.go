// Package cmd holds the programs: amavisd, the daemon, and mavis, the tool for its configuration. They only wire together
// what stands in the layers below. Its test keeps the layers.
package cmd
